import TestBed
import Testing

/// A person who loses access reads no further.
@Suite struct RevocationTests {
    @Test func aLogIsClosedToWhomItIsNoLongerOpen() async throws {
        let testBed = try await SharedTestBed.get()
        let submitted = try await Command.run(
            testBed.ssh(["submit", "--private"]),
            input: Array("image: debian\ntasks:\n  - wait: while sleep 0.2; do echo line; done\n".utf8))
        await expect(submitted, status: 0, in: testBed)
        let job = String(submitted.text.split(separator: " ")[1].dropLast())
        func share() async throws {
            await expect(try await Command.run(testBed.ssh(["share", job, "bob"])), status: 0, in: testBed)
        }
        let tail = testBed.ssh(["tail", job], as: "bob")
        let cases: [(verb: [String], suspend: Bool, sentence: String)] = [
            ([], false, "This session has ended: job \(job) is no longer open to you."),
            (["people", "suspend", "bob"], true, "Your account at the build service is suspended."),
        ]
        for (verb, isSuspension, sentence) in cases {
            try await share()
            let ended = try await Command.start(tail, deadline: .seconds(120)) { command in
                try await command.output.wait(for: "[wait] line")
                let begin = ContinuousClock.now
                if isSuspension {
                    await expect(try await testBed.sallyport(verb), status: 0, in: testBed)
                } else {
                    let unshared = try await Command.run(testBed.ssh(["unshare", job, "bob"]))
                    await expect(unshared, status: 0, in: testBed)
                }
                await command.output.waitForEnd()
                #expect(ContinuousClock.now - begin < .seconds(15))
            }
            await expect(ended, status: 77, errors: [sentence], in: testBed)
        }
        let resumed = try await testBed.sallyport(["people", "resume", "bob"])
        await expect(resumed, status: 0, in: testBed)
        _ = try await Command.run(testBed.ssh(["cancel", job]))
    }
}
