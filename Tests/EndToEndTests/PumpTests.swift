import Subprocess
import Testing
import World

/// Bytes under difficult circumstances.
@Suite struct PumpTests {
    /// Both connections change their keys all the time: the person's and the nested one.
    @Test func newKeysUnderLoadLoseNothing() async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit("image: debian\ntasks:\n  - check: exit 1\n")
        let changed = try await Command.run(
            world.ssh([
                "connect", job,
                """
                sudo sh -c 'echo RekeyLimit 1M >>/etc/ssh/sshd_config && kill -HUP $(cat /run/sshd.pid)' && \
                echo changed
                """,
            ]), deadline: .seconds(90))
        await expect(changed, status: 0, output: ["changed"], in: world)
        try await expectListening(job, in: world)
        let bytes = randomBytes(10_000_000)
        let finished = try await Command.run(
            world.ssh(["connect", job, "cat"], options: ["-o", "RekeyLimit=1M"]), input: bytes,
            deadline: .seconds(120))
        #expect(finished.status == 0 && !finished.late, "\(finished.status) \(finished.errorText)")
        #expect(finished.output == bytes, "\(finished.output.count) bytes came back")
    }

    /// Who does not read stops who writes, and nothing piles up in between.
    @Test func aReaderThatStopsHoldsTheBuilderBack() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let count = 40_000_000
        let finished = try await Command.start(
            [
                "bash", "-c", "exec 3<&0; \"$@\" | { head -c 100000; read -r go <&3; wc -c; }", "bash",
            ] + world.ssh(["connect", job, "head -c \(count) /dev/zero"], options: ["-n"]),
            deadline: .seconds(120)
        ) { client in
            try await client.output.wait(for: "100000 bytes") { $0.count >= 100_000 }
            // The memory of the forced command, once it has stopped growing for two seconds.
            let memory = try await world.run([
                "/bin/sh", "-ec",
                """
                pid=$(pgrep -f '^/usr/local/libexec/sallyport/sallyport-shell')
                memory() { sed -n 's/^RssAnon:[^0-9]*\\([0-9]*\\) kB/\\1/p' "/proc/$pid/status"; }
                before=0 now=$(memory)
                while [ "$now" -gt "$before" ]; do before=$now; sleep 2; now=$(memory); done
                echo "$now"
                """,
            ])
            let kilobytes = Int(memory.text.split(separator: "\n").last ?? "") ?? .max
            #expect((1...16 * 1024).contains(kilobytes), "\(memory)")
            try await client.write("go\n")
        }
        #expect(finished.status == 0, "\(finished.errorText)")
        let rest = finished.output.drop { $0 == 0 }
        #expect(Int(String(decoding: rest, as: UTF8.self).filter(\.isNumber)) == count - 100_000)
    }

    /// Each session on a shared connection is authorised anew, and ends by itself.
    @Test func sessionsOnOneConnectionAreApart() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let other = try await SharedJobs.bobsWreck(world)
        let control = ["-o", "ControlPath=\(world.client)/control"]
        let master = try await Command.run(
            world.ssh(
                [], options: control + ["-o", "ControlMaster=yes", "-o", "ControlPersist=60", "-N", "-f"]))
        await expect(master, status: 0, in: world)
        try await withThrowingTaskGroup { group in
            for number in 1...3 as ClosedRange<Int32> {
                group.addTask {
                    let finished = try await Command.run(
                        world.ssh(["connect", job, "echo \(number); exit \(number)"], options: control))
                    await expect(finished, status: number, output: ["\(number)\n"], in: world)
                }
            }
            group.addTask {
                let refused = try await Command.run(world.ssh(["connect", other, "true"], options: control))
                await expect(refused, status: 77, in: world)
            }
            try await group.waitForAll()
        }
        _ = try await Command.run(world.ssh([], options: control + ["-O", "exit"]))
        try await expectNobodyOnTheGateway(in: world)
    }

    @Test func theTerminalsTypeAndTheLanguageArrive() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        let finished = try await Command.start(
            world.ssh(
                ["connect", job, "echo $TERM $LANG $LC_TIME"],
                options: ["-t", "-o", "SetEnv=LANG=de_DE.UTF-8 LC_TIME=en_DK.UTF-8"]),
            terminal: try PseudoTerminal(), environment: .inherit.updating(["TERM": "vt220"])
        ) { _ in }
        await expect(finished, status: 0, output: ["vt220 de_DE.UTF-8 en_DK.UTF-8"], in: world)
    }

    @Test func manySessionsAtOnceAreApart() async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.wreck(world)
        try await withThrowingTaskGroup { group in
            for number in 1...20 as ClosedRange<Int32> {
                group.addTask {
                    let finished = try await Command.run(
                        world.ssh(["connect", job, "read word; echo $word; exit \(number)"]),
                        input: Array("\(number)\n".utf8), deadline: .seconds(120))
                    await expect(finished, status: number, output: ["\(number)\n"], in: world)
                }
            }
            try await group.waitForAll()
        }
        try await expectNobodyOnTheGateway(in: world)
        try await expectNoSession(of: job, in: world)
    }
}
