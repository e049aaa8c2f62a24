import TestBed
import Testing

/// Only someone who has a key can add it: with the real ssh, through both admissions.
@Suite struct PendingKeysTests {
    /// The options that offer this key, and no other one.
    private func only(_ key: String, _ testBed: TestBed) -> [String] {
        ["-o", "IdentityFile=none", "-o", "IdentitiesOnly=yes", "-i", "\(testBed.client)/\(key)"]
    }

    private func makeKey(_ name: String, in testBed: TestBed) async throws -> (
        bytes: [UInt8], fingerprint: String
    ) {
        try await testBed.makeKey(name, ["-t", "ed25519", "-C", "at home"])
        let file = try await Command.run(["cat", "\(testBed.client)/\(name).pub"])
        let listing = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/\(name).pub"])
        return (file.output, String(listing.text.split(separator: " ")[1]))
    }

    @Test func aPendingKeyOpensNothingUntilItIsConfirmed() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let (bytes, fingerprint) = try await makeKey("alices_second", in: testBed)
        let added = try await Command.run(testBed.ssh(["keys", "add"]), input: bytes)
        await expect(
            added, status: 0,
            output: ["The key \(fingerprint) is pending.", "-o IdentitiesOnly=yes -i FILE "],
            in: testBed)
        let word = try #require(added.confirmationWord, "\(added)")
        let listed = try await Command.run(testBed.ssh(["keys"]))
        await expect(listed, status: 0, output: ["  \(fingerprint) at home (pending until "], in: testBed)
        let warned = try await Command.run(testBed.ssh([]))
        await expect(
            warned, status: 0, output: ["A key waits to be confirmed for you: \(fingerprint) at home"],
            in: testBed)

        let new = only("alices_second", testBed)
        for gateway in [Gateway.builds, .choosy] {
            for words in [["connect", job, "true"], ["proxy", job], ["whoami"], ["keys"], []] {
                let refused = try await Command.run(testBed.ssh(words, to: gateway, options: new))
                await expect(
                    refused, status: 77, errors: ["Your key \(fingerprint) is pending", "keys confirm WORD"],
                    in: testBed)
                #expect(refused.output.isEmpty, "\(refused)")
            }
        }
        let wrong = try await Command.run(testBed.ssh(["keys", "confirm", "2222-2222"], options: new))
        await expect(wrong, status: 77, errors: ["not the word for your key \(fingerprint)"], in: testBed)
        // The agent has offered the old key first.
        let old = try await Command.run(testBed.ssh(["keys", "confirm", word]))
        await expect(
            old, status: 64, errors: ["which is yours already", "IdentitiesOnly=yes -i FILE"], in: testBed)

        let confirmed = try await Command.run(
            testBed.ssh(["keys", "confirm", word], to: .choosy, options: new))
        await expect(confirmed, status: 0, output: ["The key \(fingerprint) is alice's now."], in: testBed)
        let inside = try await Command.run(testBed.ssh(["connect", job, "hostname"], options: new))
        await expect(inside, status: 0, output: ["builder"], in: testBed)
        let greeted = try await Command.run(testBed.ssh([]))
        await expect(
            greeted, status: 0,
            output: ["A key was added for you at ", fingerprint, "keys remove FINGERPRINT"],
            in: testBed)
        // What a thief has added with it goes with it.
        let (thiefs, thiefsFingerprint) = try await makeKey("thiefs", in: testBed)
        let theft = try await Command.run(testBed.ssh(["keys", "add"], options: new), input: thiefs)
        await expect(theft, status: 0, output: ["The key \(thiefsFingerprint) is pending."], in: testBed)
        let removed = try await Command.run(testBed.ssh(["keys", "remove", fingerprint]))
        await expect(removed, status: 0, in: testBed)
        let left = try await Command.run(testBed.ssh(["keys"]))
        #expect(left.status == 0 && !left.text.contains(thiefsFingerprint), "\(left)")
        let gone = try await Command.run(testBed.ssh(["whoami"], options: new))
        await expect(gone, status: 77, errors: ["is unknown here"], in: testBed)
    }

    /// Every forge publishes its people's public keys.
    @Test func anotherPersonsPublicKeyIsOfNoUse() async throws {
        let testBed = try await SharedTestBed.get()
        let (bytes, fingerprint) = try await makeKey("alices_third", in: testBed)
        let his = try await Command.run(testBed.ssh(["keys", "add"], as: "bob"), input: bytes)
        await expect(his, status: 0, output: ["The key \(fingerprint) is pending."], in: testBed)
        let hisWord = try #require(his.confirmationWord, "\(his)")
        let confirmed = try await Command.run(testBed.ssh(["keys", "confirm", hisWord], as: "bob"))
        await expect(confirmed, status: 64, errors: ["which is yours already"], in: testBed)
        // Nobody becomes Bob with it, and he is not named.
        let third = only("alices_third", testBed)
        let refused = try await Command.run(testBed.ssh(["whoami"], options: third))
        await expect(refused, status: 77, errors: ["is pending"], in: testBed)
        #expect(!refused.errorText.contains("bob"), "\(refused)")

        let hers = try await Command.run(testBed.ssh(["keys", "add"]), input: bytes)
        let word = try #require(hers.confirmationWord, "\(hers)")
        let answer = try await Command.run(testBed.ssh(["keys", "confirm", word], options: third))
        await expect(answer, status: 0, output: ["The key \(fingerprint) is alice's now."], in: testBed)
        let listed = try await Command.run(testBed.ssh(["keys"], as: "bob"))
        #expect(listed.status == 0 && !listed.text.contains(fingerprint), "\(listed)")
        // The same answer as to a key that nobody has.
        let again = try await Command.run(testBed.ssh(["keys", "add"], as: "bob"), input: bytes)
        await expect(again, status: 0, output: ["The key \(fingerprint) is pending."], in: testBed)
        let person = try await Command.run(testBed.ssh(["whoami"], options: third))
        await expect(person, status: 0, output: ["alice"], in: testBed)
        let table = try await testBed.sallyport(["keys", "list", "bob"])
        await expect(table, status: 0, output: ["STATE", "pending"], in: testBed)
        for owner in ["bob", "alice"] {
            let removed = try await Command.run(testBed.ssh(["keys", "remove", fingerprint], as: owner))
            await expect(removed, status: 0, in: testBed)
        }
    }
}
