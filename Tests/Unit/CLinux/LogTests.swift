import CLinux
import Foundation
import Testing

/// Records that are appended to a file.
@Suite struct LogTests {
    private let folder = NSTemporaryDirectory() + "sallyport-\(UInt32.random(in: 0 ... .max))"

    private func inFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body()
    }

    @Test func aRecordIsOneLine() throws {
        try inFolder {
            let file = "\(folder)/log"
            #expect(sp_append_record(file, "a-program", "first") == 0)
            #expect(sp_append_record(file, "another", "two\nlines\u{1b}[1m \u{7f}ü") == 0)
            let long = String(repeating: "x", count: 100_000)
            #expect(sp_append_record(file, "another", long) == 0)
            let lines = try String(contentsOfFile: file, encoding: .utf8)
                .split(separator: "\n", omittingEmptySubsequences: false)
            let time = #/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /#
            try #require(lines.count == 4 && lines.dropLast().allSatisfy { $0.prefixMatch(of: time) != nil })
            #expect(lines[0].dropFirst(21) == "a-program[\(getpid())]: first")
            #expect(lines[1].dropFirst(21) == "another[\(getpid())]: two lines [1m  ü")
            #expect(lines[2].hasSuffix(": \(long)"))
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode.map { $0 & 0o137 } == 0)
        }
    }

    /// Nobody reads the fifo; the disk of /dev/full is full.
    @Test func whatCannotBeWrittenFailsAtOnce() throws {
        try inFolder {
            #expect(mkfifo("\(folder)/fifo", 0o600) == 0)
            for (file, code) in [
                ("\(folder)/fifo", ENXIO), ("/dev/full", ENOSPC), ("\(folder)/missing/log", ENOENT),
                (folder, EISDIR),
            ] {
                #expect(sp_append_record(file, "a-program", "text") == -1 && errno == code, "\(file)")
            }
        }
    }
}
