import Foundation
import Provider
import SystemPackage
import TaskChannel
import TestSupport
import Testing

@testable import QEMU

/// The scripts that start QEMU, with other programs in its place.
@Suite struct ConfinementTests {
    /// Starts a shell script as QEMU is started; returns when it has ended.
    private func run(_ script: String, in folder: MachineFolder) async throws {
        try folder.create()
        let confinement = Confinement(folder: folder, namespace: nil, longestFile: 1 << 30)
        let socket = try InheritedSocket.listen(at: folder.monitorSocket)
        defer { try? socket.close() }
        let outcome = try await ShortCommand(
            program: "sh", arguments: confinement.arguments(running: "sh", ["-c", script], network: nil),
            input: .descriptor(socket)
        ).run()
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
        let emulator = EmulatorProcess(folder: folder)
        if let process = emulator.identify() {
            await emulator.waitUntilGone(process, gracePeriod: .seconds(30))
        }
        await folder.console.waitUntilComplete()
    }

    private func withFolder(_ body: (MachineFolder) async throws -> Void) async throws {
        let folder = MachineFolder(path: FilePath("/tmp/sallyport-unit-\(UUID().uuidString.prefix(8))"))
        defer { folder.remove([folder.path]) }
        try await body(folder)
    }

    /// However large the files can be that QEMU writes itself.
    @Test func aGuestThatFloodsItsConsoleFillsNoDiskAndIsNotHeldUp() async throws {
        try await withFolder { folder in
            try await run(
                """
                echo first >&\(Confinement.console)
                head -c 3000000 /dev/zero >&\(Confinement.console)
                head -c 3000000 /dev/zero >&2
                head -c 2000000 /dev/zero >"$TMPDIR/changes"
                test -S /proc/self/fd/\(Confinement.monitor) && echo written $(nice) >"$TMPDIR/written"
                ulimit -p >"$TMPDIR/threads"
                """, in: folder)
            let own = Int(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0))
            let log = try folder.read(folder.console.path)
            #expect(log.count == ConsoleLog.longest)
            #expect(log.starts(with: Data("first\n\0".utf8)))
            let written = try folder.read(folder.emulator.appending("written"))
            #expect(String(decoding: written, as: UTF8.self) == "written \(own + Confinement.niceness)\n")
            let threads = String(
                decoding: try folder.read(folder.emulator.appending("threads")), as: UTF8.self)
            let most = try #require(Int(threads.dropLast()))
            #expect(most <= Confinement.mostThreads)
            #expect(try folder.read(folder.emulator.appending("changes")).count == 2_000_000)
            // The keeper has ended with it, and so has everyone who could answer at the socket.
            let file = try FileDescriptor.open(folder.console.path, .readOnly)
            defer { try? file.close() }
            #expect(flock(file.rawValue, LOCK_EX | LOCK_NB) == 0)
            await #expect(throws: (any Error).self) {
                try await MonitorConnection.connect(to: folder.monitorSocket)
            }
        }
    }

    /// A full disk, for instance, can have space again.
    @Test func theLogGoesOnAfterAWriteThatFailed() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keeper-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cat = """
            #!/bin/sh
            [ -e \(folder)/failed ] && exec /bin/cat
            : >\(folder)/failed
            dd bs=5 count=1 of=/dev/null status=none
            exit 1
            """
        try ExecutableFile.write(cat, to: "\(folder)/cat")
        let shell = Process()
        let input = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "exec 8>>\(folder)/log; \(ConsoleLog.keeper)"]
        shell.environment = ["PATH": "\(folder):\(ShortCommand.path)"]
        shell.standardInput = input
        try shell.run()
        try input.fileHandleForWriting.write(contentsOf: Data("lost\nkept\n".utf8))
        try input.fileHandleForWriting.close()
        shell.waitUntilExit()
        #expect(try String(contentsOfFile: "\(folder)/log", encoding: .utf8) == "kept\n")
    }

    /// They explain why it has ended.
    @Test func theLastWordsAreInTheLogWhenItHasEnded() async throws {
        try await withFolder { folder in
            for number in 0..<10 {
                try await run("echo last words \(number) >&2", in: folder)
                #expect(folder.console.tail == "last words \(number)\n")
            }
        }
    }

    @Test func theMonitorsSocketReplacesAnEarlierOne() async throws {
        try await withFolder { folder in
            try folder.create()
            for _ in 0..<2 { try InheritedSocket.listen(at: folder.monitorSocket).close() }
            let long = folder.path.appending(String(repeating: "x", count: 100))
            #expect(throws: MachineError.self) { try InheritedSocket.listen(at: long) }
            #expect(throws: MachineError.self) { try InheritedSocket.listen(at: "/no/such/folder/qmp.sock") }
        }
    }

    /// Where a start can be when it has taken too long: before it has written its number, and after.
    @Test(arguments: ["cut", "stat"]) func aStartThatIsGivenUpBecomesNoQEMU(slow: String) async throws {
        try await withFolder { folder in
            try folder.create()
            let tools = folder.path.appending("tools").string
            try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
            for name in ["reached", "go"] { #expect(mkfifo("\(tools)/\(name)", 0o600) == 0) }
            let tool = """
                #!/bin/sh
                answer=$(PATH=\(ShortCommand.path); \(slow) "$@")
                : >\(tools)/reached
                : <\(tools)/go
                echo "$answer"
                """
            try ExecutableFile.write(tool, to: "\(tools)/\(slow)")
            let confinement = Confinement(folder: folder, namespace: nil, longestFile: 1 << 30)
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = confinement.arguments(
                running: "sh", ["-c", "echo started >\(tools)/started"], network: nil)
            shell.environment = ["PATH": "\(tools):\(ShortCommand.path)"]
            shell.standardInput = FileHandle.nullDevice
            try shell.run()
            let reached = try FileDescriptor.open("\(tools)/reached", .readOnly)
            try reached.close()
            EmulatorProcess(folder: folder).abandon()
            let go = try FileDescriptor.open("\(tools)/go", .writeOnly)
            try go.close()
            shell.waitUntilExit()
            await folder.console.waitUntilComplete()
            #expect(access("\(tools)/started", F_OK) == -1)
            #expect(EmulatorProcess(folder: folder).identify() == nil)
        }
    }

    /// Whoever starts it so can be killed at any moment.
    @Test func aProgramInTheForegroundEndsWithItsShell() async throws {
        try await withFolder { folder in
            try folder.create()
            let confinement = Confinement(folder: folder, namespace: nil, longestFile: 1 << 30)
            let socket = try InheritedSocket.listen(at: folder.monitorSocket)
            let script = """
                test -S /proc/self/fd/\(Confinement.monitor) || exit
                echo said
                echo $PPID >"$TMPDIR/new" && mv "$TMPDIR/new" "$TMPDIR/shell"
                exec sleep 27182
                """
            let running = Task {
                try await ShortCommand(
                    program: "sh", arguments: confinement.foregroundArguments(running: "sh", ["-c", script]),
                    input: .descriptor(socket), limit: .seconds(600)
                ).run()
            }
            let file = folder.emulator.appending("shell")
            while access(file.string, F_OK) != 0 { try await Task.sleep(for: .milliseconds(5)) }
            try socket.close()
            let emulator = EmulatorProcess(folder: folder)
            let program = try #require(emulator.identify())
            let text = String(decoding: try folder.read(file), as: UTF8.self)
            let shell = try #require(pid_t(text.dropLast()))
            #expect(shell != program && shell > 1)
            kill(shell, SIGKILL)
            while emulator.isMachine(program) { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await running.value.status == 128 + SIGKILL)
            await folder.console.waitUntilComplete()
            #expect(try folder.read(folder.console.path) == Data("said\n".utf8))
        }
    }

    /// Who has the folder open, or mounted, is QEMU.
    @Test func nothingCanBeMadeInASealedFolder() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder.emulator.string, withIntermediateDirectories: true)
            try folder.write(Data(), to: folder.emulator.appending("file"))
            try folder.write(Data(), to: folder.initramfs)
            let open = try FileDescriptor.open(folder.emulator, .readOnly)
            defer { try? open.close() }
            #expect(mkdirat(open.rawValue, "before", 0o700) == 0)
            try folder.seal()
            #expect(mkdirat(open.rawValue, "after", 0o700) == -1 && errno == ENOENT)
            #expect(symlinkat("/", open.rawValue, "link") == -1 && errno == ENOENT)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path.string) == [])
        }
    }
}
