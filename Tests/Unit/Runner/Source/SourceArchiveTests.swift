import Foundation
import Testing

@testable import Runner

/// Archives as tar(1) makes them, and as they must not be.
@Suite final class SourceArchiveTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "source-\(UUID())").path
    private static let manifest = "image: debian\ntasks:\n  - check: make\n"

    init() throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/ci", withIntermediateDirectories: true)
        try write(Self.manifest, ".build.yml")
        try write("image: other\n", "ci/build.yml")
        try write(String(repeating: "source ", count: 100_000), "main.c")
    }

    deinit {
        for path in [folder, folder + ".tar"] { try? FileManager.default.removeItem(atPath: path) }
    }

    private func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
    }

    /// An archive of the folder, made by a shell command that writes it to standard output.
    private func archive(_ command: String) throws -> SourceArchive {
        let path = folder + ".tar"
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", "cd \"$0\" && { \(command); } >\"$1\"", folder, path]
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0)
        return SourceArchive(path: path)
    }

    @Test(arguments: [
        ("tar cz .", ".build.yml"), ("tar c .", ".build.yml"), ("tar cz .build.yml main.c", "./.build.yml"),
        ("tar c --format=pax .", ".build.yml"), ("tar c --format=v7 . | gzip -9", ".build.yml"),
        ("tar cz ../\"${0##*/}\"/.build.yml main.c --transform 's,.*/,a/,'", "a/.build.yml"),
    ]) func theManifestIsFound(command: String, name: String) throws {
        let bytes = try archive(command).manifest(named: name)
        #expect(String(decoding: bytes, as: UTF8.self) == Self.manifest)
    }

    @Test func anotherManifestCanBeNamed() throws {
        let bytes = try archive("tar cz .").manifest(named: "ci/build.yml")
        #expect(String(decoding: bytes, as: UTF8.self) == "image: other\n")
    }

    /// As for tar, the last one counts.
    @Test func ofTwoFilesWithOneNameTheLastOneCounts() throws {
        try write("image: first\n", ".build.yml")
        let two = try archive(
            "tar cf two.tar .build.yml; echo image: last >.build.yml; tar rf two.tar .build.yml; cat two.tar")
        #expect(try String(decoding: two.manifest(named: ".build.yml"), as: UTF8.self) == "image: last\n")
    }

    @Test(arguments: [
        ("tar cz main.c", "There is no file .build.yml in the archive."),
        ("ln -sf main.c .build.yml; tar cz .", "There is no file .build.yml in the archive."),
        ("rm .build.yml; mkdir .build.yml; tar cz .", "There is no file .build.yml in the archive."),
        ("tar cz . | head -c 200", "The source is damaged or cut off"),
        ("tar c . | head -c 300000", "The source is damaged or cut off"),
        ("tar c .build.yml | head -c 1024", "The source is cut off"),
        ("tar c .build.yml | head -c 1536", "The source is cut off"),
        ("tar c .build.yml | head -c 1024 | gzip", "The source is cut off"),
        ("tar cz . | head -c -4", "The source is damaged or cut off"),
        ("tar c . | gzip | gzip", "The source is damaged or cut off"),
        ("cat main.c", "The source is not a tar archive"),
        ("gzip -c main.c", "The source is not a tar archive"),
        ("true", "The source is damaged or cut off"),
        ("printf '\\037\\213'", "The source is"),
        ("head -c 5000 /dev/zero", "There is no file .build.yml in the archive."),
        (
            "cp main.c .build.yml; cat main.c main.c >>.build.yml; tar cz .",
            "The manifest is larger than 1024 KiB."
        ),
    ]) func whatIsNotAWholeSourceIsRefused(command: String, sentence: String) throws {
        let archive = try archive(command)
        let error = #expect(throws: RunnerError.self) { try archive.manifest(named: ".build.yml") }
        #expect(error?.description.hasPrefix(sentence) == true, "\(String(describing: error))")
    }

    /// libarchive keeps a header in memory, with the list of the pieces of a sparse file: only as much as tar writes.
    @Test(arguments: [
        // A file of many pieces, in GNU's form 1.0.
        #"""
        python3 -c 'if True:
            import sys, tarfile
            def header(name, type, size, format):
                entry = tarfile.TarInfo(name)
                entry.type, entry.size = type, size
                return entry.tobuf(format)
            records = b"".join(b"%d %s\n" % (len(r) + 4, r) for r in (
                b"GNU.sparse.major=1", b"GNU.sparse.minor=0", b"GNU.sparse.name=x", b"GNU.sparse.realsize=9"))
            out = sys.stdout.buffer
            out.write(header("x", b"x", len(records), tarfile.USTAR_FORMAT) + records.ljust(512, b"\0"))
            out.write(header("x", b"0", 40000000, tarfile.USTAR_FORMAT) + b"9999999\n" + b"0\n0\n" * 10000000)
        ' | gzip
        """#,
        // Headers that lengthen the next one, without end.
        #"""
        python3 -c 'if True:
            import sys, tarfile
            entry = tarfile.TarInfo("././@LongLink")
            entry.type, entry.size = b"L", 8 << 20
            sys.stdout.buffer.write(entry.tobuf(tarfile.GNU_FORMAT) + b"a" * (8 << 20))
        ' | gzip
        """#,
    ]) func aHeaderWithoutEndIsRefused(command: String) throws {
        let archive = try archive(command)
        let error = #expect(throws: RunnerError.self) { try archive.manifest(named: ".build.yml") }
        #expect(error?.explanation.contains("too l") == true, "\(String(describing: error))")
    }

    /// Files without contents take room, too.
    @Test func headersCountAsContents() throws {
        let archive = try archive(
            "mkdir many && cd many && seq 30000 | xargs touch && cd .. && tar cz many .build.yml")
        let error = #expect(throws: RunnerError.self) {
            try archive.manifest(named: ".build.yml", unpackedLimit: 10 << 20)
        }
        #expect(error?.description == "Unpacked, the source is larger than 10 MB.")
    }

    /// Millions of empty files fit into a few megabytes, also after the manifest.
    @Test(arguments: ["many .build.yml", ".build.yml many"]) func entriesHaveALimit(order: String) throws {
        let archive = try archive("mkdir many && (cd many && seq 20 | xargs touch) && tar cz \(order)")
        let error = #expect(throws: RunnerError.self) {
            try archive.manifest(named: ".build.yml", entryLimit: 21)
        }
        #expect(error?.code == .tooLarge)
        #expect(error?.description.hasPrefix("The source has more than 21 files and folders.") == true)
        #expect(try !archive.manifest(named: ".build.yml", entryLimit: 22).isEmpty)
    }

    /// A kilobyte can become a gigabyte: reading stops in the middle of a file.
    @Test func whatIsTooLargeUnpackedIsRefused() throws {
        let archive = try archive("head -c 50000000 /dev/zero >zeros; tar cz zeros .build.yml")
        let error = #expect(throws: RunnerError.self) {
            try archive.manifest(named: ".build.yml", unpackedLimit: 10 << 20)
        }
        #expect(
            error?.code == .tooLarge && error?.description == "Unpacked, the source is larger than 10 MB.")
        #expect(try !archive.manifest(named: ".build.yml").isEmpty)
    }
}
