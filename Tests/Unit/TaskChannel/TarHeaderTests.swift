import Foundation
import TaskChannel
import Testing

/// tar(1) reads what stands around files.
@Suite("Headers of tar archives")
struct TarHeaderTests {
    @Test(
        "names of any length that an artifact can have",
        arguments: [
            "a", "dist/ü b", String(repeating: "x", count: 100), String(repeating: "x", count: 101),
            String(repeating: "d", count: 120) + "/" + String(repeating: "f", count: 100),
            String(repeating: "ä", count: 127), "d/" + String(repeating: "y", count: 253),
        ])
    func names(name: String) throws {
        let content = Array("content of \(name)".utf8)
        let archive =
            TarHeader.bytes(name, mode: 0o640, size: content.count, modified: 1_700_000_000) + content
            + TarHeader.padding(after: content.count) + TarHeader.end
        #expect(archive.count % 512 == 0)
        let path = "/tmp/sallyport-tar-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(archive).write(to: URL(filePath: path))
        let listed = try tar("-tf", path)
        #expect(listed == Array("\(name)\n".utf8))
        #expect(try tar("-xOf", path) == content)
        #expect(String(decoding: try tar("-tvf", path), as: UTF8.self).hasPrefix("-rw-r-----"))
    }

    private func tar(_ words: String...) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["LC_ALL=C.UTF-8", "tar", "--quoting-style=literal"] + words
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Array(output)
    }
}
