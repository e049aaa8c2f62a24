import Foundation
import Provider
import Testing

@testable import TaskChannel

/// What the channel brings to a builder, and in which form.
@Suite struct WorkloadTests {
    @Test func anArchiveHasTheKernelsLayout() {
        var archive = CpioArchive()
        archive.addFile("ab", mode: 0o600, contents: Array("hello".utf8))
        let text = String(decoding: archive.finished(), as: UTF8.self)
        let header =
            "070701" + "00000001" + "00008180" + "00000000" + "00000000" + "00000001" + "00000000"
            + "00000005"
        #expect(text.hasPrefix(header))
        #expect(text.contains("00000003" + "00000000" + "ab\0\0\0\0hello\0\0\0070701"))
        #expect(text.contains("TRAILER!!!"))
        #expect(archive.finished().count.isMultiple(of: 4))
    }

    @Test(arguments: ["", "-x", "a b", "a/b", "..", "a;b", "ü", String(repeating: "a", count: 129)])
    func aTaskNameThatAShellCouldMisunderstandIsRefused(name: String) {
        #expect(throws: BuilderError.self) { try Workload.checkTaskName(name) }
    }

    @Test(arguments: ["", "1A", "A-B", "A=B", "A B"])
    func aVariableNameThatAShellCouldMisunderstandIsRefused(name: String) {
        let job = Workload(environment: [.init(name: name, value: "x")], tasks: [])
        #expect(throws: BuilderError.self) { try job.archive() }
    }

    /// A quote followed by a combining mark is one Character, but for a shell it is a quote.
    @Test(arguments: ["'", "it's", "x'\u{301}\necho no\n: '\u{301}", "'\u{fe0f}$(echo no)", "''\u{200d}"])
    func aVariablesValueStaysAValue(value: String) throws {
        let archive = try Workload(environment: [.init(name: "VALUE", value: value)], tasks: []).archive()
        let text = String(decoding: archive, as: UTF8.self)
        let start = try #require(text.firstRange(of: "export VALUE="))
        let end = try #require(text[start.upperBound...].firstRange(of: "070701"))
        let exports = text[start.lowerBound..<end.lowerBound].filter { $0 != "\0" }
        let script = exports + "printf %s \"$VALUE\""
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", script]
        shell.standardOutput = output
        try shell.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        #expect(Array(printed) == Array(value.utf8))
    }
}
