import Foundation
import HelperPrograms
import TestSupport
import Testing

@testable import CommandBuilders
@testable import Provider
@testable import TaskChannel

/// The scripts for machines without our programs, with the shells that such machines have, in a home folder of their own.
@Suite("Scripts on other people's machines") struct CarriedScriptsTests {
    /// The first word of each is a program whose name becomes `sh`; then whether the machine has GNU's tail, flock and bash.
    static let machines = [
        Machine(shell: ["/bin/dash"]), Machine(shell: ["/bin/busybox", "sh"], isBare: true),
    ]

    struct Machine: Sendable, CustomTestStringConvertible {
        let shell: [String]
        /// It has busybox, and nothing else.
        var isBare = false
        var testDescription: String { shell.joined(separator: " ") }
    }

    final class Home: Sendable {
        let path = NSTemporaryDirectory() + "home-\(UUID().uuidString)"
        let machine: Machine
        let searchPath: String

        init(_ machine: Machine) throws {
            self.machine = machine
            try FileManager.default.createDirectory(atPath: path + "/.ssh", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: path + "/fakes", withIntermediateDirectories: true)
            guard machine.isBare else {
                searchPath = path + "/fakes:/usr/bin:/bin"
                return
            }
            let programs = path + "/bin"
            searchPath = "\(path)/fakes:\(programs)"
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
            for applet
                in "sh cat mkdir mv chmod rm cp ln tar mktemp sed tail head wc sleep grep stat id env cut cmp setsid"
                .split(separator: " ")
            {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(programs)/\(applet)", withDestinationPath: "/bin/busybox")
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// A program that comes before the machine's own.
        func fake(_ name: String, _ script: String) throws {
            let file = "\(path)/fakes/\(name)"
            try ExecutableFile.write("#!/bin/sh\n\(script)\n", to: file)
        }

        /// Runs a line as sshd would.
        func run(
            _ line: String, input: [UInt8] = []
        ) async throws -> (status: HelperProgram.Outcome.Status, output: String, errors: String) {
            let program = HelperProgram(
                words: machine.shell + ["-c", line],
                environment: ["HOME": path, "PATH": searchPath, "USER": "build", "SHELL": "/bin/sh"],
                outputLimit: 1 << 20, limit: .seconds(60))
            let outcome = try await program.run(reading: input)
            return (outcome.status, String(decoding: outcome.output, as: UTF8.self), outcome.errors)
        }

        func text(of name: String) throws -> String {
            try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
        }
    }

    private static func installation(_ allocation: String, grace: Int = 30) -> String {
        CarriedScripts.installation(for: AllocationID(allocation)!, grace: grace)
    }

    @Test("what another allocation has left is not taken for the job's own", arguments: machines)
    func leftovers(machine: Machine) async throws {
        let home = try await prepared(
            machine, Workload(environment: [], tasks: [.init(name: "old", text: "exit 0\n")]))
        let job = home.path + "/.sallyport/job"
        // The same one again, as after a restart of the runner.
        _ = try await home.run("/bin/sh -s", input: Array(Self.installation("42-a").utf8))
        #expect(FileManager.default.fileExists(atPath: job))
        _ = try await home.run("/bin/sh -s", input: Array(Self.installation("43-a").utf8))
        #expect(!FileManager.default.fileExists(atPath: job))
        let next = Workload(environment: [], tasks: [.init(name: "new", text: "exit 0\n")])
        let ready = try await home.run("~/.sallyport/prepare", input: try next.archive(.tar))
        #expect(ready.status == .exited(0), "\(ready)")
        #expect(FileManager.default.fileExists(atPath: job + "/tasks/new/script"))
    }

    func prepared(_ machine: Machine, _ workload: Workload, grace: Int = 30) async throws -> Home {
        let home = try Home(machine)
        let brought = try await home.run(
            "/bin/sh -s", input: Array(Self.installation("42-a", grace: grace).utf8))
        #expect(brought.status == .exited(0) && brought.errors.isEmpty, "\(brought)")
        let ready = try await home.run("~/.sallyport/prepare", input: try workload.archive(.tar))
        #expect(ready.status == .exited(0), "\(ready)")
        return home
    }

    @Test("they arrive whole, for nobody else, and can come again", arguments: machines)
    func installation(machine: Machine) async throws {
        let home = try Home(machine)
        let script = Array(Self.installation("42-a").utf8)
        _ = try await home.run("/bin/sh -s", input: Array(script.dropLast(30)))
        #expect(!FileManager.default.fileExists(atPath: home.path + "/.sallyport"))
        for _ in 0..<2 { #expect(try await home.run("/bin/sh -s", input: script).status == .exited(0)) }
        let attributes = try FileManager.default.attributesOfItem(atPath: home.path + "/.sallyport")
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        let names = try FileManager.default.contentsOfDirectory(atPath: home.path + "/.sallyport")
        #expect(names.count == 14 && !names.contains { $0.hasPrefix("new.") }, "\(names)")
        #expect(try home.text(of: ".sallyport/task-run").hasPrefix("#!/bin/sh\n"))
    }

    @Test("tasks run, with the job's variables; their output and their end arrive", arguments: machines)
    func tasks(machine: Machine) async throws {
        let home = try await prepared(
            machine,
            Workload(
                environment: [.init(name: "COLOUR", value: "it's\nred")],
                tasks: [
                    .init(name: "check", text: "echo \"$COLOUR\"\npwd\nexit 3\n"),
                    .init(name: "own", text: "#!/bin/sh\necho 'export SHAPE=round' >>~/.buildenv\n"),
                    .init(name: "after", text: "#!/bin/sh\necho \"$SHAPE\"\necho 'exit 0' >>~/.buildenv\n"),
                    .init(name: String(repeating: "n", count: 128), text: "#!/bin/sh\nkill -KILL $$\n"),
                ]))
        #expect(try await home.run("~/.sallyport/task-start check").status == .exited(0))
        #expect(try await home.run("~/.sallyport/task-start check").status == .exited(0))
        let check = try await home.run("~/.sallyport/task-follow check 0")
        #expect(check.status == .exited(0))
        #expect(check.output.hasSuffix("it's\nred\n+ pwd\n\(home.path)\n+ exit 3\n"), "\(check)")
        #expect(check.errors.hasSuffix("sallyport-exit-status 3\n"))
        let rest = try await home.run("~/.sallyport/task-follow check \(check.output.utf8.count - 7)")
        #expect(rest.output == "exit 3\n")
        for (name, output, status) in [
            ("own", "", 0), ("after", "round\n", 78), (String(repeating: "n", count: 128), "", 137),
        ] {
            #expect(try await home.run("~/.sallyport/task-start \(name)").status == .exited(0))
            let followed = try await home.run("~/.sallyport/task-follow \(name) 0")
            #expect(followed.output.hasPrefix(output), "\(followed)")
            #expect(followed.errors.hasSuffix("sallyport-exit-status \(status)\n"), "\(followed)")
        }
        #expect(try home.text(of: ".tasks/check").contains("COLOUR"))
    }

    @Test("complete-build ends the job from within a task, with and without /proc", arguments: machines)
    func completeBuild(machine: Machine) async throws {
        let home = try await prepared(
            machine,
            Workload(
                environment: [],
                tasks: [
                    .init(name: "first", text: "#!/bin/sh -e\ncomplete-build\necho not\n"),
                    .init(name: "second", text: "#!/bin/sh\n(sh -c 'complete-build; :')\necho on\n"),
                ]))
        // As other systems' ps(1) prints it.
        try home.fake("ps", "sed -n 's/^PPid:/   /p' /proc/$4/status")
        for (name, output) in [("first", ""), ("second", "on\n")] {
            #expect(try await home.run("~/.sallyport/task-start \(name)").status == .exited(0))
            let followed = try await home.run("~/.sallyport/task-follow \(name) 0")
            #expect(followed.output == output, "\(followed)")
            #expect(
                followed.errors == "sallyport-complete-build\nsallyport-exit-status 0\n", "\(followed)")
            let places = home.path + "/.sallyport/places"
            try home.text(of: ".sallyport/places").replacingOccurrences(of: "/proc/", with: "/nowhere/")
                .write(
                    toFile: places, atomically: true, encoding: .utf8)
        }
        let outside = try await home.run("~/.sallyport/complete-build")
        #expect(outside.status == .exited(255) && outside.errors.contains("no task of the job"), "\(outside)")
    }

    /// The last part of it is not run here: it ends every process of its user.
    @Test(
        "a watchdog closes the way in after the deadline, once, and not when the machine is released",
        arguments: machines)
    func watchdog(machine: Machine) async throws {
        let home = try await prepared(machine, Workload(environment: [], tasks: []), grace: 0)
        try home.fake("id", "echo 0")
        let file = home.path + "/.ssh/authorized_keys"
        let keys = """
            # sallyport begin people
            ssh-ed25519 ALICE
            # sallyport end people
            # sallyport begin
            ssh-ed25519 RUNNER
            # sallyport end
            ssh-ed25519 OWN

            """
        try keys.write(toFile: file, atomically: true, encoding: .utf8)
        // It keeps nothing open, so this returns.
        for _ in 0..<2 { #expect(try await home.run("~/.sallyport/set-deadline 600").status == .exited(0)) }
        let first = try home.text(of: ".sallyport/watchdog.pid")
        #expect(try await home.run("~/.sallyport/set-deadline 600").errors == "")
        #expect(try home.text(of: ".sallyport/watchdog.pid") == first)
        let process = try #require(pid_t(first.dropLast()))
        #expect(try home.text(of: ".ssh/authorized_keys") == keys)
        #expect(try await home.run("~/.sallyport/set-deadline 0").status == .exited(0))
        try await waitUntilGone(process)
        #expect(try home.text(of: ".ssh/authorized_keys") == "ssh-ed25519 OWN\n")

        try keys.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try await home.run("~/.sallyport/set-deadline 600").status == .exited(0))
        let second = try #require(pid_t(try home.text(of: ".sallyport/watchdog.pid").dropLast()))
        #expect(second != process && kill(second, 0) == 0)
        try FileManager.default.removeItem(atPath: home.path + "/.sallyport")
        try await waitUntilGone(second)
        #expect(try home.text(of: ".ssh/authorized_keys") == keys)
    }

    @Test("output that grows is followed to its last byte", arguments: machines)
    func following(machine: Machine) async throws {
        let home = try await prepared(
            machine,
            Workload(
                environment: [],
                tasks: [
                    .init(
                        name: "long",
                        text:
                            "#!/bin/sh\ni=0\nwhile [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done\nsleep 1\nprintf end"
                    )
                ]))
        #expect(try await home.run("~/.sallyport/task-start long").status == .exited(0))
        let followed = try await home.run("~/.sallyport/task-follow long 4")
        #expect(followed.output == (2..<3000).map { "\($0)\n" }.joined() + "end")
        #expect(followed.errors == "sallyport-exit-status 0\n", "\(followed)")
    }

    @Test("output is followed from a place that it has not reached", arguments: machines)
    func followingFromLater(machine: Machine) async throws {
        let text = """
            #!/bin/sh
            printf 01
            while [ ! -e go ]; do sleep 0.1; done
            printf 2
            sleep 1
            printf 3456789
            """
        let home = try await prepared(
            machine, Workload(environment: [], tasks: [.init(name: "late", text: text)]))
        #expect(try await home.run("~/.sallyport/task-start late").status == .exited(0))
        async let followed = home.run("~/.sallyport/task-follow late 4")
        async let nothing = home.run("~/.sallyport/task-follow late 100")
        _ = try await home.run("touch ~/go")
        #expect(try await followed.output == "456789")
        #expect(try await followed.errors == "sallyport-exit-status 0\n")
        #expect(try await nothing.output == "")
        #expect(try await nothing.errors == "sallyport-exit-status 0\n")
    }

    @Test("a shell takes note of a task's end, because process 1 may not", arguments: machines)
    func parent(machine: Machine) async throws {
        let text = """
            #!/bin/sh
            parent=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$PPID/status)
            cat /proc/$parent/cmdline
            """
        let home = try await prepared(
            machine, Workload(environment: [], tasks: [.init(name: "child", text: text)]))
        #expect(try await home.run("~/.sallyport/task-start child").status == .exited(0))
        let followed = try await home.run("~/.sallyport/task-follow child 0")
        #expect(followed.output.contains("\(home.path)/.sallyport/task-start\0child"), "\(followed)")
    }

    @Test("a source is where tasks start", arguments: machines)
    func source(machine: Machine) async throws {
        let home = try await prepared(
            machine, Workload(environment: [], tasks: [.init(name: "ls", text: "#!/bin/sh\ncat file\n")]))
        try FileManager.default.createDirectory(
            atPath: home.path + "/src/old", withIntermediateDirectories: true)
        var archive = TarArchive()
        archive.addFile("file", mode: 0o644, contents: Array("content\n".utf8))
        for _ in 0..<2 {
            #expect(try await home.run("~/.sallyport/unpack", input: archive.finished()).status == .exited(0))
        }
        #expect(try await home.run("~/.sallyport/task-start ls").status == .exited(0))
        #expect(try await home.run("~/.sallyport/task-follow ls 0").output == "content\n")
        #expect(!FileManager.default.fileExists(atPath: home.path + "/src/old"))
    }

    @Test("people's keys come and go, beside those of the account", arguments: machines)
    func keys(machine: Machine) async throws {
        let home = try await prepared(machine, Workload(environment: [], tasks: []))
        try "ssh-ed25519 OWN".write(
            toFile: home.path + "/.ssh/authorized_keys", atomically: true, encoding: .utf8)
        let people = BuilderPeople(
            keys: [
                .init(line: "ssh-ed25519 ALICE", isOwner: true),
                .init(line: "sk-ssh-ed25519@openssh.com BOB", isOwner: false),
            ], message: ["entry owner hello"])
        let list = people.lines(left: 60).map { $0 + "\n" }.joined() + "\n"
        let admitted = try await home.run("~/.sallyport/admit-keys", input: Array((list + list).utf8))
        #expect(admitted.output == "in\nin\n")
        #expect(
            try home.text(of: ".ssh/authorized_keys") == """
                # sallyport begin people
                ssh-ed25519 ALICE
                no-touch-required sk-ssh-ed25519@openssh.com BOB
                # sallyport end people
                ssh-ed25519 OWN
                """)
        #expect(try await home.run("~/.sallyport/admit-keys", input: Array("\n".utf8)).output == "in\n")
        #expect(
            try home.text(of: ".ssh/authorized_keys")
                == "# sallyport begin people\n# sallyport end people\nssh-ed25519 OWN")
    }
}
