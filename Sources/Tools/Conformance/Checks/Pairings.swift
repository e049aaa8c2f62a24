import AuthorizedKeys
import BuildAPI
import FoundationEssentials

/// Machines that are nobody's until somebody adopts them. A service need not have such a thing.
extension Examination {
    func lookAtPairings() {
        let hostKey = Self.unknownKey().line
        var made: Pairing?
        var adopted: Job?
        check(.pairingsMake) {
            let pairing = try pair(hostKey)
            made = pairing
            try expect(pairing.code?.isEmpty == false, "it has no code")
            try expect(pairing.attachment == nil, "it is somebody's already")
            try expect(pairing.lease > 0, "its lease is 0 s")
            return "a machine that nobody has"
        }
        let none = "no machine waits for somebody to adopt it"
        check(.pairingsRenew) {
            let answer = try expect(renew(try need(made, none)), 200)
            let again = try decode(Pairing.self, answer.body)
            try expect(again.code == nil, "the code is repeated")
            try expect(again.attachment == nil, "it is somebody's already")
            return answer.summary
        }
        check(.pairingsWrongCode) {
            _ = try need(made, none)
            return try expect(adopt("000-000"), 404).summary
        }
        check(.pairingsAdopt) {
            let pairing = try need(made, none)
            let job = try decode(Job.self, try expect(adopt(pairing.code ?? ""), 201).body)
            adopted = job
            try expect(job.builder?.hostKeys == [hostKey], "its builder has other host keys")
            try expect(job.owner.id == (try claimantNow().id), "its owner is \(job.owner.id)")
            let again = try decode(Pairing.self, try expect(renew(pairing), 200).body)
            try expect(again.attachment?.job.id == job.id, "its gateway does not learn of the job")
            try expect((again.attachment?.secret ?? "").utf8.count >= 32, "its gateway gets no secret")
            return "job \(job.id)"
        }
        check(.pairingsUsedCode) {
            _ = try need(adopted, "no machine was adopted")
            return try expect(adopt(try need(made, none).code ?? ""), 404).summary
        }
        check(.pairingsEnd) {
            let pairing = try need(made, none)
            let answer = end(pairing)
            if answer.status == 204 { made = nil }
            try expect(answer, 204)
            try expect([404, 410].contains(renew(pairing).status), "it is still there")
            return answer.summary
        }
        if let made, end(made).status != 204 { left.append("a machine that waits for somebody to adopt it") }
    }

    private func pair(_ hostKey: String) throws -> Pairing {
        let machine = NewAttachment(
            key: hostKey, from: "192.0.2.7", endpoint: "unix:/nonexistent/sallyport-conformance",
            user: "nobody", hostKeys: [hostKey], running: true)
        let answer = post("/v1/pairings", machine)
        guard ![401, 403, 404, 405, 501].contains(answer.status) else {
            throw Deviation.skipped("no machine can wait for somebody to adopt it here (\(answer.summary))")
        }
        return try decode(Pairing.self, try expect(answer, 201).body)
    }

    private func adopt(_ code: String) throws -> Answer {
        post("/v1/pairings/adoption", Adoption(code: code, key: try claimantNow().key))
    }

    private func renew(_ pairing: Pairing) -> Answer {
        client.send("POST", "/v1/pairings/\(pairing.id.percentEncoded)/renewal")
    }

    private func end(_ pairing: Pairing) -> Answer {
        client.send("DELETE", "/v1/pairings/\(pairing.id.percentEncoded)")
    }
}
