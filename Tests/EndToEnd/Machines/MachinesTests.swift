import BuildAPI
import Foundation
import HelperPrograms
import NIOCore
import NIOPosix
import Provider
import SystemPackage
import Testing

@testable import QEMU
@testable import TaskChannel

/// Tests with real virtual machines, from the image that `make image` makes: two boots for all of them.
///
/// One test, so that a machine is ended whatever fails; its steps are functions of their own.
@Suite(.serialized)
struct MachinesTests {
    @Test(.timeLimit(.minutes(8))) func aBuilderFromBootToEnd() async throws {
        let machine = try await Machine.start(await TestMachines.specification("a"))
        do {
            try await machine.waitUntilReady(before: .now + .seconds(60))
            try await isTheMachineThatWeStarted(machine)
            try await aPersonFindsWhatTheyExpect(machine)
            try await itCountsNoTicks(machine)
            try await machine.channel.prepare(Self.job)
            try await machine.channel.prepare(Workload(environment: [], tasks: []))
            try await theEnvironmentIsThere(machine)
            try await tasksAreRepeatedByHand(machine)
            try await tasksDeliverOutputAndStatus(machine)
            try await onlyTheCommandCompletesABuild(machine)
            try await aTaskStartedTwiceRunsOnce(machine)
            try await itIsAMachineAsPeopleKnowThem(machine)
            try await atTheEndOfATaskIsSaidWhatRanOut(machine)
            try await aBrokenConnectionLosesNothing(machine)
            try await binaryOutputIsExact(machine)
            try await theHostIsOutOfReach(machine)
            try await aLineArrivesAtOnce(machine)
            try await peoplesKeysComeAndGo(machine)
        } catch {
            await machine.end()
            throw error
        }
        try await anotherProcessAdoptsAndEndsIt(machine.folder, holding: machine)
    }

    @Test(.timeLimit(.minutes(2))) func aBuilderEndsByItselfAfterItsDeadline() async throws {
        var specification = try await TestMachines.specification("b", grace: 1)
        // Whatever /dev/kvm is worth on this host, the machine must boot.
        specification.accelerator = .automatic
        let machine = try await Machine.start(specification)
        try await machine.waitUntilReady(before: .now + .seconds(60))
        try await machine.channel.setDeadline(secondsFromNow: 1)
        try await within(.seconds(20)) { await machine.waitUntilEnded() }
        #expect(!machine.isAlive)
        do throws(MachineError) {
            try await machine.waitUntilReady(before: .now + .seconds(5))
            Issue.record("a machine that has ended is not ready")
        } catch {
            #expect(error.code == .ended)
        }
        #expect(await Machine.adopt(folder: machine.folder.path) == nil)
        #expect(!FileManager.default.fileExists(atPath: machine.folder.monitorSocket.string))
    }

    @Test func theDiskOfAnImageMayGrow() throws {
        let disk = try #require(try DiskImage(FilePath(Repository.images + "/debian-build/root.qcow2")))
        #expect(disk.size == 8 << 30)
        #expect(throws: MachineError.self) { try DiskImage(TestMachines.image.appending("vmlinuz")) }
    }

    static let job = Workload(
        environment: [
            .init(name: "JOB_ID", value: "42"), .init(name: "WORDS", value: "it's\n$HOME \"here\""),
        ],
        tasks: [
            .init(name: "good", text: "echo first\necho second >&2\n"),
            .init(name: "seven", text: "#!/bin/bash\necho seven\nexit 7\n"),
            .init(name: "killed", text: "kill -TERM $$\n"),
            .init(name: "everything", text: "kill -KILL -1\n"),
            .init(name: "hungry", text: "#!/bin/bash\ntail /dev/zero || exit 3\n"),
            .init(name: "complete", text: "test -n \"$UNSET\" || complete-build\necho never\n"),
            .init(name: "rooted", text: "#!/bin/sh\nsudo setsid complete-build | cat\necho on\n"),
            .init(name: "impostor", text: "#!/bin/bash\nexit 255\n"),
            .init(name: "broken", text: "complete-build || exit 3\n"),
            .init(name: "once", text: "echo run >>~/runs\ncat ~/runs\n"),
            .init(
                name: "slow", text: "#!/bin/bash\nfor ((i = 0; i < 10000; i++)); do echo line $i; done\n"),
            .init(
                name: "binary",
                text: "#!/bin/bash\nhead -c 5000000 /dev/urandom | tee ~/binary\n"),
            .init(name: "wait", text: "#!/bin/bash\nmkfifo ~/go\nread line <~/go\necho \"$line\"\n"),
        ])

    /// Without a namespace, machines are on the host's loopback.
    private func port(of machine: Machine) throws -> UInt16 {
        guard case .address("127.0.0.1", let port) = machine.endpoint else { throw Breakage() }
        return port
    }

    private func isTheMachineThatWeStarted(_ machine: Machine) async throws {
        let scan = try await ShortCommand(
            program: "ssh-keyscan",
            arguments: ["-p", String(try port(of: machine)), "-t", "ed25519,ecdsa", "127.0.0.1"]
        ).run()
        #expect(
            machine.hostKeys.map { $0.prefix { $0 != " " } } == ["ssh-ed25519", "ecdsa-sha2-nistp256"])
        #expect(machine.hostKeys.allSatisfy(scan.output.contains), "\(scan)")
        // Another key in known_hosts, and we are not let in.
        let pinned = try machine.folder.read(machine.folder.knownHosts)
        let other = try await TestMachines.specification("x").authorizedKeys[0]
        try machine.folder.write(Data("builder \(other)\n".utf8), to: machine.folder.knownHosts)
        let refused = try await ShortCommand(
            program: "ssh",
            arguments: ["-o", "ControlPath=none"] + machine.channel.shell.arguments("echo reached")
        ).run()
        #expect(refused.output.isEmpty)
        #expect(SecureShell.error(status: refused.status, messages: refused.errors).code == .notTrusted)
        try machine.folder.write(pinned, to: machine.folder.knownHosts)
        let files = try FileManager.default.contentsOfDirectory(atPath: machine.folder.path.string)
        #expect(!files.contains { $0.hasPrefix("host_key") || $0 == "initramfs" }, "\(files)")
    }

    /// A clock that counts its own ticks loses time on a busy host.
    private func itCountsNoTicks(_ machine: Machine) async throws {
        let source = try await TestMachines.output(
            "cat /sys/devices/system/clocksource/clocksource0/current_clocksource", on: machine
        ).output
        #expect(!source.isEmpty && !source.contains("jiffies"), "\(source)")
    }

    private func aPersonFindsWhatTheyExpect(_ machine: Machine) async throws {
        let command =
            "id -un; sudo id -u; hostname; echo h\u{e9} | wc -m; vi --version | head -n 1 | cut -c 1-3; date +%s"
        let lines = try await TestMachines.output(command, on: machine).output.split(separator: "\n")
        #expect(lines.prefix(5) == ["build", "0", "builder", "3", "VIM"])
        let time = try #require(Double(lines.last ?? ""))
        #expect(abs(time - Date().timeIntervalSince1970) < 60)
    }

    /// The limits, a crash, loopback and the environment, as on any Debian server.
    private func itIsAMachineAsPeopleKnowThem(_ machine: Machine) async throws {
        let arguments = machine.channel.shell.arguments(
            """
            ulimit -Sn; ulimit -Hn; ulimit -Hc; ulimit -Sl
            size=$(ulimit -Sc); [ "$size" -gt 65536 ] && [ "$size" -lt 98304 ] && echo "a quarter"
            [ "$(sudo bash -c 'ulimit -Sc')" = "$size" ] && echo "under sudo too"
            mkdir crash && cd crash && bash -c 'echo $$ >pid; kill -SEGV $$' 2>/dev/null
            [ -s "core.$(cat pid)" ] && echo core
            echo six >index.html && busybox httpd -p '[::1]:8080' -h .
            exec 3<>/dev/tcp/localhost/8080 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && tail -n 1 <&3
            echo "$GIT_PROTOCOL"
            """)
        let outcome = try await ShortCommand(
            program: "ssh",
            arguments: ["-o", "ControlPath=none", "-o", "SetEnv=GIT_PROTOCOL=version=2"] + arguments,
            limit: .seconds(30)
        ).run()
        #expect(
            outcome.output == """
                1024
                1048576
                unlimited
                65536
                a quarter
                under sudo too
                core
                six
                version=2

                """, "\(outcome)")
    }

    /// Whatever the task has caught and reported itself.
    private func atTheEndOfATaskIsSaidWhatRanOut(_ machine: Machine) async throws {
        for (name, status, shortages): (_, Int, Set<Job.Task.Shortage>) in [
            ("hungry", 3, [.memory]), ("seven", 7, []),
        ] {
            try await machine.channel.startTask(name)
            let end = try await machine.channel.followOnce(task: name, from: 0) { _ in }
            #expect(end.exitStatus == status && end.shortages == shortages, "\(name): \(end)")
        }
    }

    private func theEnvironmentIsThere(_ machine: Machine) async throws {
        let plain = try await TestMachines.output("echo \"$JOB_ID/$WORDS\"", on: machine)
        #expect(plain.output == "42/it's\n$HOME \"here\"\n")
        let login = try await TestMachines.output("exec bash -lc 'echo $JOB_ID'", on: machine, tty: true)
        #expect(login.output.contains("42"))
    }

    /// In the folder in which they ran, with their environment, under the path that people are told.
    private func tasksAreRepeatedByHand(_ machine: Machine) async throws {
        let seven = SSHTaskChannel.scriptPath(ofTask: "seven")
        let repeated = try await TestMachines.output("pwd; \(seven); echo $?", on: machine)
        #expect(repeated.output == "/home/build\nseven\n7\n")
        let listed = try await TestMachines.output(
            "ls \(SSHTaskChannel.scriptPath(ofTask: "")) | wc -l", on: machine)
        #expect(listed.output == "\(Self.job.tasks.count)\n")
    }

    private func tasksDeliverOutputAndStatus(_ machine: Machine) async throws {
        for name in ["good", "seven", "killed"] {
            try await machine.channel.startTask(name)
        }
        let good = try await collect("good", on: machine)
        #expect(good.text == "+ echo first\nfirst\n+ echo second\nsecond\n")
        #expect(good.status == 0)
        let rest = try await collect("good", from: 13, on: machine)
        #expect(rest.text == "first\n+ echo second\nsecond\n")
        let nothing = try await collect("good", from: good.bytes.count, on: machine)
        #expect(nothing.bytes.isEmpty && nothing.status == 0)
        let seven = try await collect("seven", on: machine)
        #expect(seven.text == "seven\n" && seven.status == 7)
        #expect(try await collect("killed", on: machine).status == 128 + 15)
        // It kills whatever still runs, so it runs alone, as a job's tasks do.
        try await machine.channel.startTask("everything")
        #expect(try await collect("everything", on: machine).status == 128 + 9)
    }

    /// Neither a status nor a person's session does, nor the command if something goes wrong after it.
    private func onlyTheCommandCompletesABuild(_ machine: Machine) async throws {
        for (name, status, completes): (_, Int, _) in [
            ("complete", 0, true), ("rooted", 0, true), ("impostor", 255, false), ("broken", 3, false),
        ] {
            try await machine.channel.startTask(name)
            let end = try await machine.channel.followOnce(task: name, from: 0) { _ in }
            #expect(end.exitStatus == status && end.completesBuild == completes, "\(name): \(end)")
        }
        #expect(try await collect("complete", on: machine).text.hasSuffix("+ complete-build\n"))
        #expect(try await collect("rooted", on: machine).text == "on\n")
        let byHand = try await TestMachines.output(
            "complete-build 2>&1; echo $?; ~/.tasks/complete 2>&1; echo $?", on: machine)
        let sentence = "complete-build: no task of the job has called this, so the job goes on.\n"
        #expect(
            byHand.output == "\(sentence)255\n+ test -n ''\n+ complete-build\n\(sentence)255\n", "\(byHand)")
    }

    private func aTaskStartedTwiceRunsOnce(_ machine: Machine) async throws {
        async let first: Void = machine.channel.startTask("once")
        async let second: Void = machine.channel.startTask("once")
        _ = try await (first, second)
        let outcome = try await collect("once", on: machine)
        #expect(outcome.text.split(separator: "\n").filter { $0 == "run" }.count == 1)
        try await machine.channel.startTask("once")
        #expect(try await collect("once", on: machine).text == outcome.text)
    }

    private func aBrokenConnectionLosesNothing(_ machine: Machine) async throws {
        try await machine.channel.startTask("slow")
        var bytes: [UInt8] = []
        var status: Int?
        var breaks = 0
        while status == nil {
            do throws(MachineError) {
                status = try await machine.channel.followOnce(task: "slow", from: bytes.count) { chunk in
                    if breaks < 2, bytes.count > breaks * 30_000 {
                        breaks += 1
                        throw Breakage()
                    }
                    bytes += chunk
                }.exitStatus
            } catch {
                guard error.code == .receiverFailed else { throw error }
            }
        }
        let expected = (0..<10000).map { "line \($0)\n" }.joined()
        #expect(bytes == Array(expected.utf8))
        #expect(status == 0 && breaks == 2)
    }

    private struct Breakage: Error {}

    private func binaryOutputIsExact(_ machine: Machine) async throws {
        try await machine.channel.startTask("binary")
        let outcome = try await collect("binary", on: machine)
        #expect(outcome.bytes.count == 5_000_000)
        let copy = TestMachines.folder.appending("binary")
        try Data(outcome.bytes).write(to: URL(filePath: copy.string))
        let here = try await ShortCommand(program: "sha256sum", arguments: [copy.string]).run().output
        let there = try await TestMachines.output("sha256sum ~/binary", on: machine).output
        #expect(here.prefix(64) == there.prefix(64))
    }

    private func theHostIsOutOfReach(_ machine: Machine) async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        let reach = [port, Int(try self.port(of: machine))].map { target in
            "(timeout 3 bash -c 'exec 3<>/dev/tcp/10.0.2.2/\(target)' 2>/dev/null && echo reached) & "
        }
        // The same way to its own SSH server works: the silence above is not a mistake in the command.
        let control = "bash -c 'exec 3<>/dev/tcp/10.0.2.15/22' && echo control"
        let output = try await TestMachines.output(reach.joined() + "wait; " + control, on: machine).output
        #expect(output == "control\n")
        try await listener.close()
    }

    private func aLineArrivesAtOnce(_ machine: Machine) async throws {
        try await machine.channel.startTask("wait")
        async let outcome = collect("wait", on: machine)
        _ = try await TestMachines.output("until [ -p ~/go ]; do :; done; echo gone >~/go", on: machine)
        #expect(try await outcome.text == "gone\n")
    }

    /// The helper that runs there can be killed by a build that kills everything it can.
    private func peoplesKeysComeAndGo(_ machine: Machine) async throws {
        let lists = [
            ["ssh-ed25519 AAAAC3NzaC1lZDI1", "ssh-rsa AAAAB3NzaC1yc2"], [], ["ssh-ed25519 AAAAC3NzaC1lZDI1"],
        ]
        for list in lists + lists {
            #expect(try await machine.channel.admit(list))
            let there = try await TestMachines.output("cat /run/sallyport/people_keys", on: machine)
            #expect(there.output == list.map { $0 + "\n" }.joined(), "\(there)")
            if list.isEmpty {
                let killed = try await TestMachines.output(
                    "kill -KILL $(grep -l 'admit-key[s]' /proc/[0-9]*/cmdline | cut -d / -f 3)", on: machine)
                #expect(killed.status == 0, "\(killed)")
            }
        }
    }

    private func anotherProcessAdoptsAndEndsIt(
        _ folder: MachineFolder, holding machine: Machine
    ) async throws {
        let process = try #require(EmulatorProcess(folder: folder).identify())
        let endpoint = machine.endpoint
        let hostKeys = machine.hostKeys
        // As if the process had died: its connection to the monitor closes.
        try await machine.monitor.disconnect()
        let adopted = try #require(await Machine.adopt(folder: folder.path))
        #expect(adopted.endpoint == endpoint && adopted.hostKeys == hostKeys && adopted.isAlive)
        #expect(try await collect("good", on: adopted).status == 0)
        await adopted.end()
        #expect(!EmulatorProcess(folder: folder).isMachine(process))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path.string)
        #expect(left == ["console.log"])
        #expect(await Machine.adopt(folder: folder.path) == nil)
    }

    private func collect(
        _ task: String, from offset: Int = 0, on machine: Machine
    ) async throws -> (bytes: [UInt8], text: String, status: Int) {
        var bytes: [UInt8] = []
        while true {
            do throws(MachineError) {
                let end = try await machine.channel.followOnce(task: task, from: offset + bytes.count) {
                    bytes += $0
                }
                return (bytes, String(decoding: bytes, as: UTF8.self), end.exitStatus)
            } catch {
                guard error.code == .connectionLost, machine.isAlive else { throw error }
            }
        }
    }
}
