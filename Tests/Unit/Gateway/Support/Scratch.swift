import Foundation

/// A folder for stock programs to work in; it is their HOME, and goes with this value.
final class Scratch {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sallyport-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func write(_ text: String, _ path: String, executable: Bool = false) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard executable else { return try text.write(to: file, atomically: false, encoding: .utf8) }
        // A program that another test starts meanwhile would inherit our open file, and the kernel executes no file that
        // someone can write to.
        try text.write(to: file.appendingPathExtension("text"), atomically: false, encoding: .utf8)
        let installed = try run("install", "-m", "755", file.path + ".text", file.path)
        guard installed.status == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func read(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    /// Runs a program; those in the folder `bin` come before all others.
    @discardableResult
    func run(_ words: String...) throws -> (status: Int32, output: String, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = folder
        process.environment = ["HOME": folder.path, "PATH": "\(folder.path)/bin:/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (
            process.terminationStatus, String(decoding: text, as: UTF8.self),
            String(decoding: complaints, as: UTF8.self)
        )
    }
}
