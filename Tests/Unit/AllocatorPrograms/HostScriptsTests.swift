import Foundation
import Testing

@testable import AllocatorPrograms

/// With the shells that machines have, in a home folder of its own. `withdraw` is not run here: it ends every process of
/// its user.
@Suite("What runs on a machine") struct HostScriptsTests {
    private static let shells = [["/bin/dash"], ["/bin/busybox", "sh"], ["/bin/bash", "--posix"]]

    private func run(_ script: String, in home: String, shell: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: shell[0])
        process.arguments = Array(shell.dropFirst()) + ["-s"]
        process.environment = ["HOME": home, "PATH": "/usr/bin:/bin"]
        let input = Pipe()
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        try process.run()
        input.fileHandleForWriting.write(Data(script.utf8))
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test("keys come between marks, and everything else stays", arguments: shells)
    func admit(shell: [String]) throws {
        let home = NSTemporaryDirectory() + "home-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: home) }
        try FileManager.default.createDirectory(atPath: home + "/.ssh", withIntermediateDirectories: true)
        let file = home + "/.ssh/authorized_keys"
        // Without the end of its line.
        try "ssh-ed25519 OWN".write(toFile: file, atomically: true, encoding: .utf8)
        for keys in [["ssh-ed25519 A", "ssh-rsa B"], ["ssh-ed25519 C"]] {
            #expect(try run(HostScripts.admit(keys), in: home, shell: shell) == 0)
            #expect(
                try String(contentsOfFile: file, encoding: .utf8)
                    == "# sallyport begin\n" + keys.map { $0 + "\n" }.joined()
                    + "# sallyport end\nssh-ed25519 OWN")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home + "/.ssh") == ["authorized_keys"])
        #expect(try run(HostScripts.check, in: home, shell: shell) == 1)
        try "ssh-ed25519 OWN\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try run(HostScripts.check, in: home, shell: shell) == 0)
        try FileManager.default.createDirectory(
            atPath: home + "/.sallyport", withIntermediateDirectories: true)
        #expect(try run(HostScripts.check, in: home, shell: shell) == 1)
    }

    @Test("what a gateway has added for a session goes, too, and counts as left", arguments: shells)
    func gateway(shell: [String]) throws {
        let home = NSTemporaryDirectory() + "home-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: home) }
        try FileManager.default.createDirectory(
            atPath: home + "/.ssh/sallyport", withIntermediateDirectories: true)
        let file = home + "/.ssh/authorized_keys"
        let own = """
            ssh-ed25519 OWN the sallyport
            from="192.0.2.1" ssh-ed25519 OWN sallyport
            ssh-ed25519 OWN sallyport@host

            """
        let theirs = "no-touch-required sk-ssh-ed25519@openssh.com A+/= sallyport\nssh-rsa B== sallyport\n"
        for keys in [[], ["ssh-ed25519 C"]] {
            try (theirs + own).write(toFile: file, atomically: true, encoding: .utf8)
            #expect(try run(HostScripts.check, in: home, shell: shell) == 1)
            #expect(try run(HostScripts.admit(keys), in: home, shell: shell) == 0)
            #expect(
                try String(contentsOfFile: file, encoding: .utf8)
                    == "# sallyport begin\n" + keys.map { $0 + "\n" }.joined() + "# sallyport end\n" + own)
        }
        try own.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try run(HostScripts.check, in: home, shell: shell) == 1)
        try FileManager.default.removeItem(atPath: home + "/.ssh/sallyport")
        #expect(try run(HostScripts.check, in: home, shell: shell) == 0)
        #expect(HostScripts.withdraw.contains("rm -rf .sallyport .ssh/sallyport"))
    }

    @Test("a script that has not arrived completely does nothing", arguments: shells)
    func truncated(shell: [String]) throws {
        let home = NSTemporaryDirectory() + "home-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: home) }
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        let script = HostScripts.admit(["ssh-ed25519 A"])
        for length in stride(from: 0, to: script.utf8.count - "sallyport </dev/null\n".utf8.count, by: 23) {
            _ = try run(String(script.prefix(length)), in: home, shell: shell)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: home) == [])
    }
}
