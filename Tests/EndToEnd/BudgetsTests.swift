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

    /// Nobody is let in uncounted: someone may have taken the room, to have no limit. Other gateways go on.
    @Test func whereThereIsNoRoomToCountNobodyRunsACommand() async throws {
        let testBed = try await SharedTestBed.get()
        try await testBed.withoutRoom(on: .impatient) {
            let refused = try await Command.run(testBed.ssh(["whoami"], to: .impatient, as: "bob"))
            await expect(
                refused, status: 75,
                errors: ["The gateway has no room for one more command. Try again in a minute."], in: testBed)
            // No connection of an unknown key lasts then.
            let stranger = try await Command.run(testBed.ssh(["whoami"], to: .impatient, as: "mallory"))
            await expect(stranger, status: 77, errors: ["is unknown here."], in: testBed)
            let other = try await Command.run(testBed.ssh(["whoami"]))
            await expect(other, status: 0, output: ["alice"], in: testBed)
            let log = try await testBed.log("syslog")
            for cause in [
                "name=bob cannot be counted: ", "ends the connection of a key that opens nothing: ",
            ] {
                #expect(log.contains("\(cause)/run/sallyport/sessions/@"), "\(log)")
            }
        }
        let again = try await Command.run(testBed.ssh(["whoami"], to: .impatient, as: "bob"))
        await expect(again, status: 0, output: ["bob"], in: testBed)
    }

    /// Of the connections to the runner's socket that a user without a role opens, sixteen stay.
    @Test func aUserOfTheRunnersHostKeepsNobodyOut() async throws {
        let testBed = try await SharedTestBed.get()
        let holding = """
            use IO::Select;
            my @held = map { IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no connection: $!" } 1..40;
            my $open = IO::Select->new(@held);
            my $closed = 0;
            while ($closed < 24) {
                my @gone = $open->can_read(10) or die "only $closed are closed";
                for my $one (@gone) { $open->remove($one); $closed++ }
            }
            $| = 1;
            print "full\n";
            <STDIN>;
            print $open->count - $open->can_read(0), " are open\n";
            """
        let held = try await testBed.run(
            [
                "/bin/sh", "-euc",
                """
                folder=$(mktemp -d)
                trap 'rm -r "$folder"' EXIT
                mkfifo "$folder/hold"
                : >"$folder/said"
                setpriv --reuid nobody --regid nogroup --clear-groups \
                    perl -MIO::Socket::UNIX -e "$1" "$2" <"$folder/hold" >"$folder/said" &
                exec 3>"$folder/hold"
                timeout 10 sh -c 'until grep -q full "$1"; do sleep 0.02; done' sh "$folder/said"
                shift 2
                timeout 5 "$@"
                echo >&3
                wait
                cat "$folder/said"
                """, "sh", holding, testBed.serviceSocket,
            ] + testBed.ssh(["whoami"]))
        await expect(held, status: 0, output: ["alice", "16 are open"], in: testBed)
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
