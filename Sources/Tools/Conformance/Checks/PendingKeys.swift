import AuthorizedKeys
import BuildAPI
import FoundationEssentials

/// Keys that a gateway adds for people, and that belong to nobody before their holder has confirmed them.
extension Examination {
    func lookAtPendingKeys() {
        let new = Self.unknownKey()
        var made: Key?
        check(.keysPending) {
            let key = try addPending(new)
            made = key
            try expect(key.word?.isEmpty == false, "there is no word")
            return try expect(client.get(path(of: new)), 404).summary
        }
        let none = "no key is pending"
        check(.keysLimits) {
            _ = try need(made, none)
            let answer = try expect(client.get(path(of: new) + "?limits=confirm"), 200)
            let found = try decode(Key.self, answer.body)
            try expect(
                found.fingerprint == new.fingerprint && found.limits == [.confirm],
                "another key, or one without the limit")
            try expect(found.word == nil, "the word is repeated")
            return answer.summary
        }
        check(.keysWrongWord) {
            _ = try need(made, none)
            return try expect(confirm(new, with: "2222-2222"), 403).summary
        }
        check(.keysConfirm) {
            let word = try need(made?.word, none)
            let answer = try expect(confirm(new, with: word), 200)
            let found = try decode(Key.self, try expect(client.get(path(of: new)), 200).body)
            try expect(found.isUnlimited, "it still has limits")
            try expect(found.owner.id == claimant?.id, "the owner's id is \(found.owner.id)")
            return answer.summary
        }
    }

    /// A claim with a key that its holder has not confirmed.
    func lookAtPendingClaims() {
        check(.claimsPending) {
            let job = try wreck()
            var claimant = try claimantNow()
            let key = Self.unknownKey()
            _ = try addPending(key)
            (claimant.key, claimant.fingerprint) = (key.line, key.fingerprint)
            let answer = claim(job, by: claimant, session: Self.session())
            track(answer)
            return try expect(answer, 403).summary
        }
    }

    /// Adds a key for the owner, as a gateway does.
    private func addPending(_ key: PublicKey) throws -> Key {
        let token = try need(options.gatewayToken, "no gateway's token was given")
        let owner = try need(claimant, "no key of \(options.owner)'s is known").id
        let body = (try? JSON.encode(NewKey(owner: owner, key: "\(key.line) conformance"))).map { Array($0) }
        let answer = client(token: token).send(
            "POST", "/v1/keys?limits=confirm", headers: ["Content-Type: application/json"], body: body ?? [])
        guard ![401, 403, 404, 405, 501].contains(answer.status) else {
            throw Deviation.skipped("a gateway cannot add keys here (\(answer.summary))")
        }
        try expect(answer, 201)
        pending.append(key.fingerprint)
        let made = try decode(Key.self, answer.body)
        guard !made.isUnlimited else { throw Deviation.skipped("keys need no confirmation here") }
        try expect(made.limits == [.confirm], "it has other limits")
        return made
    }

    /// Removes what has been added here, as a gateway may.
    func removePendingKeys() {
        let owner = claimant?.id.percentEncoded ?? ""
        for fingerprint in pending {
            let path = "/v1/keys/\(fingerprint.percentEncoded)?owner=\(owner)"
            let answer = client(token: options.gatewayToken).send("DELETE", path)
            if answer.status != 204 { left.append("the key \(fingerprint)") }
        }
    }

    private func confirm(_ key: PublicKey, with word: String) -> Answer {
        send("POST", path(of: key) + "/confirmation", .object(["word": .string(word)]))
    }
}
