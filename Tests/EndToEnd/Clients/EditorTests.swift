import TestBed
import Testing

/// What VS Code's Remote-SSH does, step by step.
@Suite struct EditorTests {
    @Test func anEditorsServerIsReachedThroughItsSOCKSPort() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        try await Editor(person: alice, host: alice.builder(job)).install()
    }

    /// The editor waits 15 seconds and does not know that there is anything to wait for. If builders boot for longer
    /// than that, the person is told, and tries again.
    @Test func aBuilderThatBootsIsWaitedFor() async throws {
        let testBed = try await SharedTestBed.get()
        let alice = try await Equipped.person(in: testBed)
        let job = try await Operator(testBed: testBed).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let entered = try await alice.sh(
            """
            for attempt in $(seq 6); do
                if ssh -v -T -o ConnectTimeout=15 "$1" bash <<<'echo in'; then exit; else status=$?; fi
            done
            exit $status
            """, alice.builder(job), deadline: .seconds(100))
        await expect(
            entered, status: 0, errors: ["sallyport: The builder of job \(job) is booting."], in: testBed)
        #expect(entered.text == "in\n", "\(entered)")
        try await Editor(person: alice, host: alice.builder(job)).install()
        try await testBed.endBuilder(of: job)
    }
}
