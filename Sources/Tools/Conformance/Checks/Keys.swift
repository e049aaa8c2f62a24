import AuthorizedKeys
import BuildAPI
import FoundationEssentials
import Presentation

/// Whose key is whose.
extension Examination {
    /// A key whose private half does not exist, so that nobody can log in with it.
    static func unknownKey() -> PublicKey {
        let name = Array("ssh-ed25519".utf8)
        let point = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        let blob = [0, 0, 0, UInt8(name.count)] + name + [0, 0, 0, UInt8(point.count)] + point
        guard let key = try? PublicKey(type: "ssh-ed25519", base64: Data(blob).base64EncodedString()) else {
            fatalError("an Ed25519 key has this form")
        }
        return key
    }

    func lookAtKeys() {
        let own = Self.unknownKey()
        let refusal = "keys cannot be added here"
        var addition: Answer?
        check(.keysAdd) {
            let answer = add(own, to: options.owner)
            guard ![401, 403, 404, 405, 501].contains(answer.status) else {
                throw Deviation.skipped("\(refusal) (\(answer.summary))")
            }
            try expect(answer, 201)
            addition = answer
            let key = try decode(Key.self, answer.body)
            try expect(key.mayBe(own), "the answer has another key: \(key.type) \(key.key)")
            try expect(
                key.owner.name == options.owner, "the owner is \(key.owner.name), not \(options.owner)")
            return answer.summary
        }
        check(.keysFingerprint) {
            let fingerprint = try need(addition, refusal).json?["fingerprint"]?.string ?? "none"
            try expect(fingerprint == own.fingerprint, "\(fingerprint) instead of \(own.fingerprint)")
            return fingerprint
        }
        check(.keysLookUp) {
            if addition == nil, options.key == nil {
                throw Deviation.skipped("\(refusal); --key names one that is \(options.owner)'s")
            }
            let key = try addition == nil ? ownKey() : own
            let answer = try expect(client.get(path(of: key)), 200)
            let found = try decode(Key.self, answer.body)
            try expect(found.isOf(key), "another key: \(found.fingerprint) \(found.type) \(found.key)")
            try expect(!found.suspended, "its owner is suspended")
            claimant = Claimant(id: found.owner.id, key: key.line, fingerprint: key.fingerprint)
            return "\(found.owner.name), id \(found.owner.id)"
        }
        check(.keysUnknown) { try expect(client.get(path(of: Self.unknownKey())), 404).summary }
        check(.keysList) {
            _ = try need(addition, refusal)
            let answer = try expect(client.get("/v1/keys?owner=\(options.owner.percentEncoded)"), 200)
            let keys = try decode(KeyList.self, answer.body).keys
            try expect(keys.contains { $0.isOf(own) }, "the key that was added is missing")
            try expect(
                keys.allSatisfy { $0.owner.name == options.owner }, "other people's keys are among them")
            return keys.count.counted("key")
        }
        check(.keysDuplicate) {
            _ = try need(addition, refusal)
            return try expect(add(own, to: options.stranger), 409).summary
        }
        lookAtPendingKeys()
        if addition != nil { addStranger() }
        lookAtPagesOfKeys()
    }

    /// Adds a person who must not get in. Problems with this have already been seen with the owner's key.
    private func addStranger() {
        let key = Self.unknownKey()
        guard add(key, to: options.stranger).status == 201 else { return }
        guard let id = client.get(path(of: key)).json?["owner"]?["id"]?.string else { return }
        stranger = Claimant(id: id, key: key.line, fingerprint: key.fingerprint)
    }

    /// The key that --key names as the owner's.
    private func ownKey() throws -> PublicKey {
        do {
            return try PublicKey.parse(line: options.key ?? "").key
        } catch {
            throw Deviation.skipped("--key is not a public key: \(error)")
        }
    }

    /// Removes everything at the end.
    func lookAtRemoval() {
        removePendingKeys()
        check(.keysRemove) {
            let first = try need(added.first, "no key was added")
            var last: Answer?
            for fingerprint in added {
                last = client.send("DELETE", "/v1/keys/\(fingerprint.percentEncoded)")
                if last?.status != 204 { left.append("the key \(fingerprint)") }
            }
            let answer = try expect(try need(last, "no key was added"), 204)
            try expect(client.get("/v1/keys/\(first.percentEncoded)").status != 200, "the key is still found")
            return answer.summary
        }
    }

    func path(of key: PublicKey) -> String { "/v1/keys/\(key.fingerprint.percentEncoded)" }

    private func add(_ key: PublicKey, to owner: String) -> Answer {
        let line = "\(key.line) conformance"
        let answer = send("POST", "/v1/keys", .object(["owner": .string(owner), "key": .string(line)]))
        if (200..<300).contains(answer.status), !added.contains(key.fingerprint) {
            added.append(key.fingerprint)
        }
        return answer
    }
}

extension Key {
    fileprivate func isOf(_ other: PublicKey) -> Bool { fingerprint == other.fingerprint && mayBe(other) }

    /// Whether it is that key, unless the service gives only fingerprints.
    fileprivate func mayBe(_ other: PublicKey) -> Bool { key.isEmpty || "\(type) \(key)" == other.line }
}
