import Foundation
import TestSupport
import Testing

@testable import Version

@Suite struct VersionTests {
    @Test(
        arguments: [
            ("0123abcd\n", "0123abcd"), ("0123abcd-dirty", "0123abcd-dirty"), ("", nil), ("\n", nil),
            ("\u{1b}[2J", nil),
        ] as [(String, String?)])
    func theCommitIsTheFirstWordOfTheFileBesideTheProgram(text: String, commit: String?) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sallyport-test-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(Version.commit(of: folder.path) == nil)
        try Data(text.utf8).write(to: folder.appending(path: Version.fileName))
        #expect(Version.commit(of: folder.path) == commit)
    }

    /// The operator's tool is in `bin`, the file is with the other programs.
    @Test func theToolFindsItToo() throws {
        let prefix = FileManager.default.temporaryDirectory.appending(path: "sallyport-test-\(UUID())")
        defer { try? FileManager.default.removeItem(at: prefix) }
        for folder in ["bin", "libexec/sallyport"] {
            try FileManager.default.createDirectory(
                at: prefix.appending(path: folder), withIntermediateDirectories: true)
        }
        try Data("0123abcd\n".utf8).write(to: prefix.appending(path: "libexec/sallyport/\(Version.fileName)"))
        #expect(Version.commit(of: prefix.appending(path: "bin").path) == "0123abcd")
    }

    /// The newest entry of the change log is this version's.
    @Test func theChangeLogKnowsIt() throws {
        let newest = try Project.text(of: "CHANGELOG.md").firstMatch(of: /(?m)^## ([0-9.]+)/)
        #expect(newest.map { String($0.1) } == Version.number)
    }
}
