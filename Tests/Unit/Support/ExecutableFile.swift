import Foundation

/// A program of a test's own, to be executed.
public enum ExecutableFile {
    /// Makes it.
    ///
    /// Another process writes it: a program that another test is just starting has a copy of each descriptor of ours until its
    /// execve(2), and nobody can execute what somebody can still write (ETXTBSY).
    public static func write(_ text: String, to path: String) throws {
        let source = FileManager.default.temporaryDirectory.appending(path: "source-\(UUID().uuidString)")
            .path
        try text.write(toFile: source, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: source) }
        let copying = try Process.run(
            URL(filePath: "/usr/bin/install"), arguments: ["--mode=0755", source, path])
        copying.waitUntilExit()
        guard copying.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
