import Foundation
import Provider
import TaskChannel
import Testing

/// The script, in the shells of this host.
@Suite("The script that sends files", .serialized)
struct CollectScriptTests {
    private static let shells = ["dash", "bash", "busybox"].filter {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)")
    }

    /// Runs it in a folder that these commands have filled.
    private func collect(
        _ patterns: [String], size: Int = 1000, count: Int = 10, shell: String, in commands: String
    ) throws -> [FilePart] {
        let folder = "/tmp/sallyport-collect-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: "\(folder)/scripts", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(folder)/home", withIntermediateDirectories: true)
        try "state=${0%/*}".write(toFile: "\(folder)/scripts/places", atomically: true, encoding: .utf8)
        _ = try run(["/bin/sh", "-ec", commands], home: "\(folder)/home", in: "\(folder)/home")
        let words = [shell] + (shell == "busybox" ? ["sh"] : [])
        let output = try run(
            words + ["-c", CollectScript.script, "\(folder)/scripts/collect", "\(size)", "\(count)"]
                + patterns,
            home: "\(folder)/home", in: "/")
        var parser = FilePartParser()
        let parts = try parser.take(output)
        #expect(parser.isComplete)
        return parts
    }

    private func run(_ words: [String], home: String, in folder: String) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = words
        process.environment = ["HOME": home, "PATH": "/usr/bin:/bin"]
        process.currentDirectoryURL = URL(filePath: folder)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return Array(output)
    }

    private func file(_ name: String, _ content: String) -> [FilePart] {
        let bytes = Array(content.utf8)
        return [.file(name: name, size: bytes.count)] + (bytes.isEmpty ? [] : [.bytes(bytes)])
            + [.end(isWhole: true)]
    }

    @Test("files, patterns and folders", arguments: shells)
    func matches(shell: String) throws {
        let parts = try collect(
            ["dist/*.txt", "dist", "[e]mpty", "no*", ".hidden", "*"], shell: shell,
            in:
                "mkdir -p dist/sub; printf one >dist/a.txt; printf two >'dist/sub/b c'; : >empty; printf x >.hidden"
        )
        #expect(
            parts == file(".hidden", "x") + file("dist/a.txt", "one") + file("dist/sub/b c", "two")
                + file("empty", "") + [.omission(.noMatch(pattern: 3))])
    }

    @Test("with a source, it looks where the tasks have run", arguments: shells)
    func source(shell: String) throws {
        let parts = try collect(
            ["a"], shell: shell, in: "mkdir src; printf in >src/a; printf out >a; : >../scripts/source")
        #expect(parts == file("a", "in"))
    }

    @Test(
        "symbolic links are not followed, wherever they are, and what is no file is not read",
        arguments: shells)
    func links(shell: String) throws {
        let parts = try collect(
            ["l", "away/*", "d", "f"], shell: shell,
            in:
                "mkdir d; printf x >d/x; ln -s /etc/passwd l; ln -s /etc away; ln -s x d/y; ln -s /etc d/z; mkfifo f"
        )
        let names = parts.compactMap { if case .omission(.link(let name)) = $0 { name } else { nil } }
        #expect(names.contains("l") && names.allSatisfy { $0 == "l" || $0.hasPrefix("away/") })
        #expect(names.contains("away/passwd"))
        #expect(
            parts.filter { if case .omission(.link) = $0 { false } else { true } }
                == file("d/x", "x") + [.omission(.notAFile("f"))])
    }

    @Test("what there is no room for is named, and smaller files still come", arguments: shells)
    func room(shell: String) throws {
        let parts = try collect(
            ["*"], size: 5, shell: shell, in: "printf 1234 >a; printf 12 >b; printf 1 >c")
        #expect(parts == file("a", "1234") + [.omission(.tooLarge("b", size: 2))] + file("c", "1"))
        let few = try collect(["*"], count: 2, shell: shell, in: "printf 1 >a; printf 2 >b; printf 3 >c")
        #expect(few == file("a", "1") + file("b", "2") + [.omission(.tooMany)])
    }

    @Test("a name with a newline is left out", arguments: shells)
    func newline(shell: String) throws {
        let parts = try collect(
            ["*", "d"], shell: shell,
            in: "printf x >'a\nfile 1 b'; mkdir d; printf y >'d/e\nfile 1 f'; printf z >d/g")
        #expect(parts == file("d/g", "z"))
    }

    @Test("a pattern is one word of the command line, whatever is in it")
    func quoting() throws {
        let command = CollectScript.command(
            WantedFiles(patterns: ["it's $(id)", "b c"], size: 1, count: 2), as: "~/.sallyport/collect")
        #expect(command.hasSuffix(#"' ~/.sallyport/collect 1 2 'it'\''s $(id)' 'b c'"#))
    }
}
