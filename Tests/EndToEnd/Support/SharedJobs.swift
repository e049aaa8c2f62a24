import TestBed

/// Jobs that several tests look at without changing anything: booting a builder takes seconds.
actor SharedJobs {
    static let shared = SharedJobs()

    private var submitted: [String: (job: Task<String, any Error>, until: ContinuousClock.Instant)] = [:]

    /// How long a job is given to tests. Its builder stays for the test bed's keep-time, which is longer by what a test takes.
    private static let life = Duration.seconds(SharedTestBed.keep - 300)

    /// A job of Alice's that has failed, and whose builder is kept.
    static func wreck(_ testBed: TestBed) async throws -> String {
        try await shared.job(
            "wreck", testBed: testBed,
            """
            image: debian
            tasks:
              - make: echo made
              - check: |
                  echo checked
                  exit 3

            """)
    }

    /// The same of Bob's.
    static func bobsWreck(_ testBed: TestBed) async throws -> String {
        try await shared.job(
            "bob", testBed: testBed,
            """
            image: debian
            tasks:
              - check: exit 1

            """, owner: "bob")
    }

    /// One of Alice's in the image that people build in, with things to fetch; it has failed too.
    static func workshop(_ testBed: TestBed) async throws -> String {
        try await shared.job(
            "workshop", testBed: testBed,
            """
            image: debian-build
            tasks:
              - commit: |
                  git init -q -b main repository && cd repository
                  echo repaired >file && git add file
                  git -c user.name=x -c user.email=x@example.org commit -q -m mended
              - check: |
                  mkdir logs; echo made >logs/check
                  echo wrong >result.txt
                  exit 1

            """)
    }

    /// One of Alice's for a test that harms its builder; the test ends it.
    static func freshWreck(_ testBed: TestBed, image: String = "debian") async throws -> String {
        try await failedJob(testBed, "image: \(image)\ntasks:\n  - check: exit 1\n", owner: "alice")
    }

    private func job(_ name: String, testBed: TestBed, _ manifest: String, owner: String = "alice")
        async throws
        -> String
    {
        if let (job, until) = submitted[name], until > .now { return try await job.value }
        let job = Task { try await Self.failedJob(testBed, manifest, owner: owner) }
        submitted[name] = (job, .now + Self.life)
        return try await job.value
    }

    private static func failedJob(_ testBed: TestBed, _ manifest: String, owner: String) async throws
        -> String
    {
        let number = try await Operator(testBed: testBed).submit(manifest, owner: owner)
        // Its owner's tail ends when the job has ended.
        let log = try await Command.run(testBed.ssh(["tail", number], as: owner), deadline: .seconds(120))
        guard log.status == 1 else {
            throw TestBedError(
                "job \(number) did not fail as it should", log: "\(log)\n\(await testBed.logTails())")
        }
        return number
    }
}
