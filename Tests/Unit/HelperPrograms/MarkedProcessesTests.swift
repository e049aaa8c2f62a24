import Foundation
import TestSupport
import Testing

@testable import HelperPrograms

@Suite("Processes with a mark") struct MarkedProcessesTests {
    /// While a process executes a program, it has no environment for a moment: these do nothing else.
    @Test("those that are becoming other programs all the time are ended, too")
    func executing() async throws {
        let script = NSTemporaryDirectory() + "marked-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: script) }
        try ExecutableFile.write("#!/bin/sh\nexec \"$0\"\n", to: script)
        let value = UUID().uuidString
        let processes = try (0..<8).map { _ in
            let process = Process()
            process.executableURL = URL(filePath: script)
            process.environment = ["MARK": value]
            try process.run()
            return process.processIdentifier
        }
        defer { for process in processes { kill(process, SIGKILL) } }
        #expect(await MarkedProcesses.end(with: "MARK=\(value)"))
        for process in processes { try await waitUntilGone(process) }
    }

    @Test("one without an environment holds nothing up, and stays")
    func bare() async throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["-i", "/bin/sleep", "600"]
        try process.run()
        defer { process.terminate() }
        #expect(await MarkedProcesses.end(with: "MARK=\(UUID().uuidString)"))
        #expect(process.isRunning)
    }
}
