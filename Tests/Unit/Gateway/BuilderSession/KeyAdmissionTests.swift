import AuthorizedKeys
import CLinux
import Foundation
import Testing

@testable import Gateway

/// What the gateway runs in a builder to admit someone's key, tried with the real sh and a home of its own.
@Suite final class KeyAdmissionTests {
    private let home = FileManager.default.temporaryDirectory.appending(path: "sallyport-test-\(UUID())")
    private let key = TestSession.key
    private var entry: String { "\(key.line) sallyport" }
    private var authorizedKeys: URL { home.appending(path: ".ssh/authorized_keys") }

    init() throws {
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: home)
    }

    /// One session's program; it lasts until its standard input ends.
    private final class Admission {
        private let process = Process()
        private let input = CloseOnExecPipe()
        private let output = CloseOnExecPipe()

        init(of key: PublicKey, home: URL) throws {
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = ["-c", KeyAdmission.command(for: key)]
            process.environment = ["HOME": home.path, "PATH": "/usr/bin:/bin"]
            process.standardInput = input.readEnd
            process.standardOutput = output.writeEnd
            process.standardError = FileHandle.nullDevice
            try process.run()
            // Ours would keep the end of its output away.
            try output.writeEnd.close()
        }

        /// What it has said until its first line, or its end.
        func firstLine() -> String {
            var text = ""
            while !text.contains("\n") {
                let piece = output.readEnd.availableData
                guard !piece.isEmpty else { break }
                text += String(decoding: piece, as: UTF8.self)
            }
            return text
        }

        /// - Returns: its exit status.
        @discardableResult
        func end() throws -> Int32 {
            try input.writeEnd.close()
            process.waitUntilExit()
            return process.terminationStatus
        }

        /// As when the builder's sshd kills it.
        func kill() throws {
            Foundation.kill(process.processIdentifier, SIGKILL)
            // What it has started ends with its input, and only then Foundation sees that it has ended.
            try input.writeEnd.close()
            process.waitUntilExit()
        }
    }

    private func lines() -> [String] {
        let text = (try? String(contentsOf: authorizedKeys, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private func write(_ text: String) throws {
        try FileManager.default.createDirectory(
            at: authorizedKeys.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: authorizedKeys)
    }

    @Test func theKeyIsInUntilTheSessionEnds() throws {
        let admission = try Admission(of: key, home: home)
        #expect(admission.firstLine() == "in\n" && lines() == [entry])
        let mode = try FileManager.default.attributesOfItem(atPath: authorizedKeys.path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        #expect(try admission.end() == 0)
        #expect(lines().isEmpty)
    }

    /// A file that someone edited by hand may lack its last newline.
    @Test(arguments: ["ssh-ed25519 AAAA other\n", "ssh-ed25519 AAAA other"]) func othersKeysStay(
        before: String
    ) throws {
        try write(before)
        let admission = try Admission(of: key, home: home)
        #expect(admission.firstLine() == "in\n" && lines() == ["ssh-ed25519 AAAA other", entry])
        try admission.end()
        #expect(lines() == ["ssh-ed25519 AAAA other"])
    }

    @Test func theLastOfSeveralSessionsTakesTheKeyOut() throws {
        let first = try Admission(of: key, home: home)
        #expect(first.firstLine() == "in\n")
        let second = try Admission(of: key, home: home)
        #expect(second.firstLine() == "in\n" && lines() == [entry], "one entry is enough")
        try first.end()
        #expect(lines() == [entry])
        try second.end()
        #expect(lines().isEmpty)
    }

    @Test func aSessionThatWasKilledDoesNotKeepTheKeyIn() throws {
        let killed = try Admission(of: key, home: home)
        #expect(killed.firstLine() == "in\n")
        try killed.kill()
        #expect(lines() == [entry])
        let next = try Admission(of: key, home: home)
        #expect(next.firstLine() == "in\n")
        try next.end()
        #expect(lines().isEmpty)
    }

    @Test func aLockThatNobodyHoldsAnyMoreIsTakenOver() throws {
        let folder = home.appending(path: ".ssh/sallyport")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: "lock").path, withDestinationPath: "\(process.processIdentifier)")
        let admission = try Admission(of: key, home: home)
        #expect(admission.firstLine() == "in\n" && lines() == [entry])
        try admission.end()
    }

    @Test func whereNothingCanBeWrittenItDoesNotSayThatTheKeyIsIn() throws {
        // Not a folder: root could write into one that nobody may write to.
        try Data().write(to: home.appending(path: ".ssh"))
        let admission = try Admission(of: key, home: home)
        #expect(admission.firstLine().isEmpty)
        #expect(try admission.end() != 0)
    }
}

/// A pipe that no other test's child inherits: such a child would keep it open.
private struct CloseOnExecPipe {
    let readEnd: FileHandle
    let writeEnd: FileHandle

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(sp_pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFL, 0) }
        readEnd = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        writeEnd = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
    }
}
