import FoundationEssentials
import TestBed
import Testing

/// What people's own clients need of a builder: a certified host key, and a builder that accepts their key
/// while they have a claim.
@Suite struct HostKeysTests {
    @Test(arguments: [("ed25519", "ssh-ed25519"), ("ecdsa", "ecdsa-sha2-nistp256")])
    func aBuildersCertificateIsForExactlyItsNamesAndItsLongestLife(kind: String, type: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let builder = try await DirectLogin(to: job, in: testBed)
        let shown = try await builder.run([
            "/bin/bash", "-euo", "pipefail", "-c",
            """
            ssh-keyscan -c -t "$4" -p "$1" 127.0.0.1 | grep -o "$5-cert-v01@.*" >"$2"
            TZ=UTC ssh-keygen -L -f "$2"
            echo "$3" | ssh-keygen -l -f -
            """, "bash", "\(BuilderNetwork.port)", "\(testBed.folder)/certificate", builder.authority.key,
            kind, type,
        ])
        await expect(shown, status: 0, output: ["Key ID: \"job \(job)\""], in: testBed)
        let lines = shown.text.split(separator: "\n").map { $0.drop { $0 == " " } }
        let names = ["job-\(job)"] + builder.authority.suffixes.map { "job-\(job).\($0)" }
        let (first, last) = (
            lines.firstIndex(of: "Principals: "), lines.firstIndex { $0.hasPrefix("Critical") }
        )
        #expect(lines[(try #require(first) + 1)..<(try #require(last))].map(String.init) == names)
        // The authority's own fingerprint is the last line's.
        let fingerprint = try #require(lines.last?.split(separator: " ").dropFirst().first)
        #expect(lines.contains { $0.hasPrefix("Signing CA: ED25519 \(fingerprint) ") }, "\(shown)")
        let valid = try #require(shown.text.firstMatch(of: #/Valid: from (\S+) to (\S+)/#))
        let from = try Date("\(valid.1)Z", strategy: .iso8601)
        let to = try Date("\(valid.2)Z", strategy: .iso8601)
        // The job's timeout, max_life of the test bed and the grace after it, and the hour before.
        #expect(to.timeIntervalSince(from) == 3600 + 3600 + 30 + 3600)
        #expect(from.timeIntervalSinceNow < -3600 && to.timeIntervalSinceNow > 0)
    }

    @Test func aKeyIsInTheBuilderOnceWhileAClaimOfItStands() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.freshWreck(testBed)
        let builder = try await DirectLogin(to: job, in: testBed)
        await expect(try await builder.login(), status: 255, errors: ["Permission denied"], in: testBed)

        let first = try await builder.claim(session: "first")
        let second = try await builder.claim(session: "second")
        #expect(try await builder.peoplesKeys() == [builder.key])
        let inside = try await builder.login()
        await expect(inside, status: 0, output: ["\(builder.key)\n"], in: testBed)
        // Under the name of another job's builder it is not trusted.
        let other = try await builder.login(calling: "job-999999")
        await expect(other, status: 255, errors: ["Host key verification failed"], in: testBed)

        try await builder.release(first)
        await expect(try await builder.login(), status: 0, in: testBed)
        try await builder.release(second)
        try await builder.waitUntilNoKeyIsIn()
        await expect(try await builder.login(), status: 255, errors: ["Permission denied"], in: testBed)
        let released = try await builder.ask(
            "DELETE", "/v1/jobs/\(job)/builder?person=\(builder.person)")
        await expect(released, status: 0, in: testBed)
    }

    /// The claim outlives the runner, and so does the key; if nobody renews the claim, the next runner removes the key.
    @Test func theNextRunnerTakesOutWhatItsPredecessorHasLetIn() async throws {
        let testBed = try await SharedTestBed.get()
        try await OwnRunner.with(testBed, size: "64m") { runner in
            await expect(
                try await runner.submit("image: debian\ntasks:\n  - check: exit 1\n"), status: 0, in: testBed)
            try await runner.wait(for: "the builder is kept", in: "logs/1/log")
            let builder = try await DirectLogin(to: "1", in: testBed, of: runner)
            _ = try await builder.claim(session: "only", isRenewed: false)
            try await runner.kill()
            #expect(try await builder.peoplesKeys() == [builder.key])
            try await runner.start()
            try await builder.waitUntilNoKeyIsIn()
        }
    }
}
