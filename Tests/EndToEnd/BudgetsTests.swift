import TestBed
import Testing

/// Nobody takes more of a gateway than their part, and while they try, others get in.
@Suite struct BudgetsTests {
    @Test func aPersonRunsAsManyCommandsAsTheLimitSays() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await Operator(testBed: testBed).submit(
            "image: debian\ntasks:\n  - wait: sleep 1000\n", owner: "bob")
        let tail = testBed.ssh(["tail", job], to: .impatient, as: "bob")
        @Sendable func hold(_ rest: Int, _ body: @escaping @Sendable () async throws -> Void) async throws {
            guard rest > 0 else { return try await body() }
            _ = try await Command.start(tail, deadline: .seconds(120)) { command in
                try await command.output.wait(for: "queued")
                try await hold(rest - 1, body)
            }
        }
        try await hold(4) {
            for words in [["tail", job], ["whoami"], []] {
                let refused = try await Command.run(testBed.ssh(words, to: .impatient, as: "bob"))
                await expect(
                    refused, status: 75,
                    errors: ["You already have 4 commands running at this gateway, which is the limit."],
                    in: testBed)
            }
            try await Self.aliceLogsInAtOnce(to: .impatient, in: testBed)
            // Even a killed command gives its place back.
            try await testBed.signalForcedCommands("KILL")
            try await expectNobodyOnTheGateway(in: testBed)
            let again = try await Command.run(testBed.ssh(["whoami"], to: .impatient, as: "bob"))
            await expect(again, status: 0, output: ["bob"], in: testBed)
        }
        _ = try await Command.run(testBed.ssh(["cancel", job], as: "bob"))
    }

    /// Each of them hears why first.
    @Test func fourConnectionsOfUnknownKeysCanLast() async throws {
        let testBed = try await SharedTestBed.get()
        func path(_ number: Int) -> String { "\(testBed.client)/m\(number)" }
        func mallory(_ words: [String], _ options: [String]) async throws -> Finished {
            try await Command.run(testBed.ssh(words, as: "mallory", options: options))
        }
        func isUp(_ number: Int) async throws -> Bool {
            try await mallory([], ["-S", path(number), "-O", "check"]).status == 0
        }
        let sentence = "is unknown here."
        func open(_ numbers: ClosedRange<Int>) async throws {
            for number in numbers {
                let refused = try await mallory(
                    ["whoami"], ["-o", "ControlMaster=yes", "-S", path(number), "-o", "ControlPersist=100"])
                await expect(refused, status: 77, errors: [sentence], in: testBed)
            }
        }
        /// Waits until those beyond the limit have ended, two seconds after their sentence.
        func waitForEnd(of numbers: ClosedRange<Int>) async throws {
            let deadline = ContinuousClock.now + .seconds(20)
            for number in numbers {
                while try await isUp(number), ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
        }
        try await open(1...6)
        // A second command on a connection does not make it two.
        let second = try await mallory(["whoami"], ["-S", path(1)])
        await expect(second, status: 77, errors: [sentence], in: testBed)
        try await waitForEnd(of: 5...6)
        for number in 1...6 { #expect(try await isUp(number) == (number <= 4), "connection \(number)") }
        for number in 1...100 {
            let refused = try await mallory(["whoami"], [])
            #expect(refused.status == 77 && refused.errorText.contains(sentence), "\(number): \(refused)")
        }
        try await Self.aliceLogsInAtOnce(in: testBed)
        for number in 1...4 { _ = try await mallory([], ["-S", path(number), "-O", "exit"]) }
        // When they are gone, four others can last: longer than one that is beyond the limit, and came after them.
        try await open(7...11)
        try await waitForEnd(of: 11...11)
        for number in 7...11 { #expect(try await isUp(number) == (number <= 10), "connection \(number)") }
        for number in 7...10 { _ = try await mallory([], ["-S", path(number), "-O", "exit"]) }
    }

    private static func aliceLogsInAtOnce(to gateway: Gateway = .builds, in testBed: TestBed) async throws {
        let begin = ContinuousClock.now
        let other = try await Command.run(testBed.ssh(["whoami"], to: gateway))
        #expect(ContinuousClock.now - begin < .seconds(5))
        await expect(other, status: 0, output: ["alice"], in: testBed)
    }
}
