import AuthorizedKeys
import BuildAPI
import Connections
import Glibc
import Presentation

/// Claims of a builder that is kept.
extension Examination {
    func lookAtClaims() {
        check(.claimsStranger) {
            let job = try wreck()
            let other = try need(stranger, "no key could be added for \(options.stranger)")
            return try refuse(claim(job, by: other, session: Self.session()))
        }
        check(.claimsWrongKey) {
            var wrong = try claimantNow()
            let key = Self.unknownKey()
            (wrong.key, wrong.fingerprint) = (key.line, key.fingerprint)
            return try refuse(claim(try wreck(), by: wrong, session: Self.session()))
        }
        lookAtPendingClaims()
        let session = Self.session()
        var made: Answer?
        check(.claimsMake) {
            let answer = try expect(claim(try wreck(), by: try claimantNow(), session: session), 201)
            made = answer
            if let id = answer.json?["id"]?.string { standing.append(id) }
            let claim = try decode(Claim.self, answer.body)
            try expect(claim.job.description == job, "it belongs to another job: \(claim.job)")
            if let kind = claim.kind {
                try expect(kind == .exec, "its kind is \(kind.rawValue), not exec")
            }
            try expect(claim.lease > 0, "its lease is 0 s")
            return "lease \(claim.lease) s"
        }
        let none = "no claim could be made"
        check(.claimsID) {
            let id = try need(made, none).json?["id"]?.string ?? "absent"
            try expect(Self.isID(id), id)
            return id
        }
        check(.claimsAddress) {
            let builder = try decode(Claim.self, try need(made, none).body).builder
            try expect(!builder.user.isEmpty, "there is no user")
            switch builder.endpoint {
            case .address(let address, let port):
                try expect(Self.isLiteral(address), "the address is \(address)")
                try expect(port > 0, "the port is 0")
                return "\(address), port \(port)"
            case .socket(let path):
                try expect(
                    path.utf8.count <= HandoverSocket.longestPath, "the socket's path is too long: \(path)")
                return "the socket \(path)"
            }
        }
        check(.claimsHostKeys) {
            let keys = try need(made, none).json?["builder"]?["host_keys"]?.array ?? []
            try expect(!keys.isEmpty, "there is none")
            for key in keys {
                let line = key.string ?? "no text"
                let parsed = try? PublicKey.parse(line: line)
                try expect(parsed?.key.line == line, line)
            }
            return "\(keys.count)"
        }
        check(.claimsAgain) {
            let first = try need(made, none).json?["id"]
            let answer = try expect(claim(try wreck(), by: try claimantNow(), session: session), 201, 200)
            track(answer)
            let again = answer.json?["id"]
            try expect(again == first, "\(first?.string ?? "none"), then \(again?.string ?? "none")")
            return answer.summary
        }
        check(.answersUnknownMembers) {
            _ = try need(made, none)
            let answer = claim(
                try wreck(), by: try claimantNow(), session: session, more: ["conformance": .object([:])])
            track(answer)
            return try expect(answer, 201, 200).summary
        }
        check(.claimsListed) {
            _ = try need(made, none)
            let sessions = client.get("/v1/jobs/\(try wreck())").json?["sessions"]?.array ?? []
            let own = sessions.first { $0["session"]?.string == session }
            try expect(own != nil, "the session is missing among \(sessions.count)")
            let person = own?["person"]?["id"]?.string ?? "absent"
            try expect(person == claimant?.id, "the person's id is \(person)")
            return sessions.count.counted("session")
        }
        check(.claimsSecond) {
            let first = try need(made, none).json?["id"]
            let answer = try expect(claim(try wreck(), by: try claimantNow(), session: Self.session()), 201)
            track(answer)
            try expect(answer.json?["id"] != first, "both sessions have the claim \(first?.string ?? "none")")
            return answer.summary
        }
    }

    /// The job that has failed and whose builder is kept.
    func wreck() throws -> String {
        guard isKept else { throw Deviation.skipped(Self.notKept) }
        return try need(job, Self.noJob)
    }

    func claimantNow() throws -> Claimant {
        try need(claimant, "no key is known: keys cannot be added, and there is no --key")
    }

    /// Remembers a claim, to release it at the end.
    func track(_ answer: Answer) {
        guard let id = answer.json?["id"]?.string, !standing.contains(id) else { return }
        standing.append(id)
    }

    private func refuse(_ answer: Answer) throws -> String {
        if answer.status == 201 { track(answer) }
        return try expect(answer, 403).summary
    }

    func claim(
        _ job: String, by person: Claimant, session: String, kind: Claim.Kind = .exec,
        more: [String: JSONValue] = [:]
    ) -> Answer {
        let members: [String: JSONValue] = [
            "session": .string(session), "kind": .string(kind.rawValue),
            "person": .object(["id": .string(person.id)]), "key": .string(person.key),
            "key_fingerprint": .string(person.fingerprint), "from": .string("192.0.2.1"),
        ]
        return send("POST", "/v1/jobs/\(job)/claims", .object(members.merging(more) { $1 }))
    }

    static func session() -> String { "conformance-\(UInt32.random(in: .min ... .max))" }

    private static func isLiteral(_ address: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(AF_INET, address, &bytes) == 1 || inet_pton(AF_INET6, address, &bytes) == 1
    }
}
