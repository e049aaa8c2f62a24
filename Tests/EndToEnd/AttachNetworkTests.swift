import Subprocess
import TestBed
import Testing

/// A machine that can reach nothing but the gateway's SSH server: whatever people do there comes through that.
@Suite struct AttachNetworkTests {
    @Test func oneWayOutIsEnoughForEverything() async throws {
        let testBed = try await SharedTestBed.get()
        try await AttachingMachine.install(in: testBed)
        let alice = try await Equipped.person("alice", in: testBed)
        try await LonelyNetwork.with(testBed) { network in
            try await expectOneWayOut(of: network)
            let machine = AttachingMachine(in: testBed, place: network.place)
            let finished = try await machine.attach(["--", "sh", "-c", "exit 3"], deadline: .seconds(150)) {
                job, _ in
                try await machine.expectResizableShell(in: job, from: LonelyNetwork.machine, endingIt: false)
                try await anEndOfInputIsOneWayOnly(job, in: testBed)
                try await manyBytesArrive(job, alice)
                try await filesAndPorts(job, alice)
                try await anEditor(job, alice)
                try await twoPeopleWithTwelveSessions(job, in: testBed)
                await expect(try await machine.release(job), status: 0, in: testBed)
            }
            await expect(finished, status: 3, in: testBed)
            try await machine.expectNothingIsLeft()
        }
    }

    private func expectOneWayOut(of network: LonelyNetwork) async throws {
        let port = network.testBed.port(of: .builds)
        let reached = try await network.reach([
            (LonelyNetwork.gateway, port), (LonelyNetwork.gateway, network.testBed.port(of: .guarded)),
            ("127.0.0.1", port), ("127.0.0.1", network.testBed.port(of: .guarded)), ("192.0.2.1", 80),
            ("8.8.8.8", 53), ("::1", port), ("2001:470::2", 80),
        ])
        #expect(
            reached == """
                10.77.0.1 SSH-2.0
                10.77.0.1 nothing
                127.0.0.1 nothing
                127.0.0.1 nothing
                192.0.2.1 nothing
                8.8.8.8 nothing
                ::1 nothing
                2001:470::2 nothing

                """)
    }

    /// The command reads to the end of its input, and answers then.
    private func anEndOfInputIsOneWayOnly(_ job: String, in testBed: TestBed) async throws {
        let sorted = try await Command.run(
            testBed.ssh(["connect", job, "sort; echo apart >&2; exit 5"], as: "alice"),
            input: Array("b\na\n".utf8))
        await expect(sorted, status: 5, errors: ["apart\n"], in: testBed)
        #expect(sorted.text == "a\nb\n")
    }

    /// There and back at the same time: through the gateway's own session, and through the person's.
    private func manyBytesArrive(_ job: String, _ alice: Person) async throws {
        let testBed = alice.testBed
        for way in [
            ["ssh"] + alice.gateway + ["connect", job, "cat"], ["ssh", "alice@\(alice.builder(job))", "cat"],
        ] {
            let copied = try await alice.sh(
                """
                trap 'rm -f sent' EXIT
                head -c 100000000 /dev/urandom >sent
                "$@" <sent | sha256sum
                sha256sum <sent
                """, way, deadline: .seconds(60))
            await expect(copied, status: 0, in: testBed)
            let sums = copied.text.split(separator: "\n")
            #expect(sums.count == 2 && sums.first == sums.last, "\(copied)")
        }
    }

    private func filesAndPorts(_ job: String, _ alice: Person) async throws {
        let ports = try (0..<3).map { _ in "\(try TestBed.freePort())" }
        let done = try await alice.sh(
            """
            host=$1 local=$2 socks=$3 port=$4
            trap 'rm -f sent back said; ssh -S "$HOME/control" -O exit "$host" 2>/dev/null || true' EXIT
            head -c 1000000 /dev/urandom >sent
            sftp -q -b - "$host" <<END
            put sent /var/tmp/lonely
            get /var/tmp/lonely back
            rm /var/tmp/lonely
            END
            cmp sent back
            ssh -f -N -o ExitOnForwardFailure=yes -M -S "$HOME/control" -L "$local:127.0.0.1:$port" -D "$socks" "$host" >said 2>&1
            # Over there alone.
            ssh "$host" "mkdir -p /var/tmp/lonely-www; cd /var/tmp/lonely-www; echo served >index.html
                setsid busybox httpd -f -p 127.0.0.1:$port </dev/null >/dev/null 2>&1 & echo \\$! >pid
                until curl -sf http://127.0.0.1:$port/; do sleep 0.1; done"
            ! curl -s "http://127.0.0.1:$port/" || exit 1
            curl -sf "http://127.0.0.1:$local/"
            curl -sf --socks5 "127.0.0.1:$socks" "http://127.0.0.1:$port/"
            ssh "$host" 'kill $(cat /var/tmp/lonely-www/pid); rm -r /var/tmp/lonely-www'
            """, ["alice@\(alice.builder(job))"] + ports, deadline: .seconds(40))
        await expect(done, status: 0, in: alice.testBed)
        #expect(done.text.hasSuffix("served\nserved\nserved\n"), "\(done)")
    }

    private func anEditor(_ job: String, _ alice: Person) async throws {
        try await Editor(person: alice, host: "alice@\(alice.builder(job))").install()
    }

    private func twoPeopleWithTwelveSessions(_ job: String, in testBed: TestBed) async throws {
        let shared = try await Command.run(testBed.ssh(["share", job, "bob"], as: "alice"))
        await expect(shared, status: 0, in: testBed)
        let (arrivals, arrival) = AsyncStream<Void>.makeStream()
        let (starts, start) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup { group in
            for number in 1...12 as ClosedRange<Int32> {
                group.addTask {
                    let finished = try await Command.start(
                        testBed.ssh(
                            ["connect", job, "echo in; read word; echo $word; exit \(number)"],
                            as: number.isMultiple(of: 2) ? "alice" : "bob"), deadline: .seconds(60)
                    ) { client in
                        try await client.output.wait(for: "in\n")
                        arrival.yield()
                        for await _ in starts {}
                        try await client.write("word \(number)\n")
                    }
                    await expect(finished, status: number, in: testBed)
                    #expect(finished.text == "in\nword \(number)\n")
                }
            }
            var waiting = arrivals.makeAsyncIterator()
            for _ in 1...12 { await waiting.next() }
            let sessions = try await Operator(testBed: testBed).job(job).sessions
            #expect(sessions.count == 12, "\(sessions)")
            start.finish()
            try await group.waitForAll()
        }
        try await expectNoSession(of: job, in: testBed)
    }
}
