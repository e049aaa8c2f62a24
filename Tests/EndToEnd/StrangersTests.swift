import BuildAPI
import Foundation
import TestBed
import Testing

/// People whom the service does not know, or has suspended, get nowhere with any verb.
@Suite struct StrangersTests {
    /// Each verb as a person would enter it, and no verb at all.
    static let lines = [
        [], ["connect", "1"], ["connect", "1", "true"], ["connect"], ["proxy", "job-1.example.org"],
        ["known-hosts"], ["known-hosts", "1"], ["ssh-config"], ["ssh-config", "--job", "1"], ["tail", "1"],
        ["show", "1"], ["artifacts", "1"], ["artifacts", "1", "report.html"], ["artifacts", "1", "--tar"],
        ["extend", "1"],
        ["release", "1", "--yes"], ["hold", "1"], ["unhold", "1"], ["share", "1", "bob"],
        ["unshare", "1", "bob"],
        ["cancel", "1"], ["rerun", "1", "--fresh"], ["list"], ["images"], ["pools"], ["submit"], ["keys"],
        ["keys", "add"],
        ["keys", "confirm", "2222-2222"], ["whoami"],
        ["accept-terms"], ["adopt", "K7M-2QX"], ["attach"], ["attach", "1"],
        ["attach-stream", "0123456789abcdef0123456789abcdef"], ["attach-log", "1"], ["attach-bundle"],
        ["help"], ["version"], ["connect", "--help"], ["no-such-verb"], ["scp -t ."], ["exit"], ["42"],
    ]

    /// The tables of docs/authorisation.md have every verb: a unit test sees to that.
    @Test func noVerbIsForgotten() throws {
        let page = Repository.root + "/docs/authorisation.md"
        let verbs = try String(contentsOfFile: page, encoding: .utf8).matches(of: /(?m)^\| `([a-z-]+)` \|/)
        #expect(verbs.count > 20)
        #expect(Set(verbs.map { String($0.1) }).isSubset(of: Self.lines.compactMap(\.first)))
    }

    @Test func anUnknownKeyLearnsThatItIsUnknownAndItsFingerprint() async throws {
        let testBed = try await SharedTestBed.get()
        let listing = try await Command.run(["ssh-keygen", "-l", "-f", "\(testBed.client)/mallory.pub"])
        let fingerprint = String(listing.text.split(separator: " ")[1])
        try await refuse(
            "mallory", sentence: "sallyport: Your key \(fingerprint) is unknown here.", in: testBed)
        for (line, other) in [
            ("whoami", "ssh -o IdentitiesOnly=yes -i FILE"),
            ("proxy job-1", "IdentityFile FILE and IdentitiesOnly yes, for the gateway and for job-*"),
        ] {
            let refused = try await Command.run(testBed.ssh([line], as: "mallory"))
            await expect(refused, status: 77, errors: [other], in: testBed)
        }
    }

    @Test func aSuspendedPersonLearnsThat() async throws {
        let testBed = try await SharedTestBed.get()
        let key = try await Operator(testBed: testBed).addKey(of: "carol")
        await expect(key, status: 0, in: testBed)
        let suspended = try await testBed.sallyport(["people", "suspend", "carol"])
        await expect(suspended, status: 0, in: testBed)
        try await refuse(
            "carol", sentence: "sallyport: Your account at the build service is suspended.", in: testBed)
        let resumed = try await testBed.sallyport(["people", "resume", "carol"])
        await expect(resumed, status: 0, in: testBed)
        let greeted = try await Command.run(testBed.ssh([], as: "carol"))
        await expect(greeted, status: 0, output: ["Hello carol."], in: testBed)
    }

    /// A service that has mixed its people up.
    @Test func aKeyOfTwoPeopleIsForTheAdministratorToMend() async throws {
        let testBed = try await SharedTestBed.get()
        try await ScriptedService.serving(in: testBed) { _ in
            ScriptedService.answer(
                "409 Conflict", "application/problem+json", #"{"title":"Two","status":409}"#)
        } _: {
            try await refuse(
                "alice", at: .orphaned, status: 78,
                sentence: "sallyport: Your key belongs to more than one person at the build service.",
                in: testBed)
        }
    }

    private func refuse(
        _ person: String, at gateway: Gateway = .builds, status: Int32 = 77, sentence: String,
        in testBed: TestBed
    ) async throws {
        for line in Self.lines {
            let refused = try await Command.run(
                testBed.ssh(line, to: gateway, as: person), input: Array("yes\n".utf8))
            await expect(refused, status: status, errors: [sentence], in: testBed)
            // Programs speak this: what they hear begins with the protocol's number.
            let isSilent = refused.output.isEmpty || line.first == "attach"
            #expect(
                isSilent && refused.errorText.split(separator: "\n").count == 1, "\(refused)")
        }
    }
}
