import AllocatorPrograms
import ConfigurationFile
import Foundation
import TestSupport
import Testing

@testable import Resalloc

@Suite("resalloc.toml") struct ResallocFileTests {
    private let text = """
        [resalloc]
        identity = "/etc/sallyport/resalloc_ed25519"

        [resalloc.pool.copr]
        tags = ["copr_builder"]

        """

    @Test("a short file has defaults")
    func defaults() throws {
        let file = try ResallocFile.parse(text, path: "/r")
        #expect(file.state == "/var/lib/sallyport/resalloc")
        #expect(file.program == "/usr/bin/resalloc")
        #expect(file.connection == nil && file.architectures == [:])
        #expect(
            file.pools == [
                "copr": .init(
                    tags: ["copr_builder"], user: "root", identity: "/etc/sallyport/resalloc_ed25519")
            ])
    }

    @Test("a pool can say for itself how its machines are entered")
    func own() throws {
        let common = "user = \"fedora\"\nknown_hosts = \"/etc/sallyport/known\"\n"
        let more = """
            user = "builder"
            identity = "/etc/sallyport/other"
            known_hosts = "/etc/sallyport/other_known"
            [resalloc.pool.second]
            tags = ["a", "b"]
            [resalloc.arch.arm64]
            tags = ["arch_aarch64"]
            """
        let file = try ResallocFile.parse(
            text.replacing("[resalloc]\n", with: "[resalloc]\n" + common) + more, path: "/r")
        #expect(
            file.pools == [
                "copr": .init(
                    tags: ["copr_builder"], user: "builder", identity: "/etc/sallyport/other",
                    knownHosts: "/etc/sallyport/other_known"),
                "second": .init(
                    tags: ["a", "b"], user: "fedora", identity: "/etc/sallyport/resalloc_ed25519",
                    knownHosts: "/etc/sallyport/known"),
            ])
        #expect(file.architectures == ["arm64": ["arch_aarch64"]])
    }

    @Test(
        "a mistake is named, with its key",
        arguments: [
            ("tags = [\"copr_builder\"]", "", "copr.tags"), ("[\"copr_builder\"]", "[]", "copr.tags"),
            ("[\"copr_builder\"]", "[\"\"]", "copr.tags"), ("\"/etc", "\"etc", "resalloc.identity"),
            ("identity", "user = \"-x\"\nidentity", "resalloc.user"),
            ("identity", "idle = 1\nidentity", "idle"),
            ("identity", "program = \"resalloc\"\nidentity", "resalloc.program"),
            ("[resalloc.pool.copr]\ntags = [\"copr_builder\"]", "", "resalloc.pool"),
            ("identity = \"/etc/sallyport/resalloc_ed25519\"", "", "copr.identity"),
        ])
    func mistakes(what: String, by other: String, key: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try ResallocFile.parse(text.replacing(what, with: other), path: "/r")
        }
        #expect(error?.key?.contains(key) == true, "\(String(describing: error))")
    }

    @Test("the file is root's, and so are the program and the host keys that it names")
    func roots() throws {
        let path = NSTemporaryDirectory() + "resalloc-\(UUID().uuidString).toml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        let error = #expect(throws: ConfigurationError.self) { try ResallocFile.read(path) }
        #expect(error?.expected.contains("must belong to root") == true)
        #expect(try ResallocFile.read(path, demandsRoot: false).pools.count == 1)
        for (lines, key) in [
            ("program = \"\(path)\"", "resalloc.program"), ("program = \"/bin/true\"", nil),
            ("program = \"/bin/true\"\nknown_hosts = \"\(path)\"", "resalloc.pool.copr.known_hosts"),
        ] {
            let file = try ResallocFile.parse(
                text.replacing("[resalloc]\n", with: "[resalloc]\n\(lines)\n"), path: path)
            #expect(file.objection?.key == key)
        }
    }

    @Test("the page's example is one")
    func example() throws {
        let page = try Project.text(of: "docs/resalloc.md")
        let example = try #require(page.firstMatch(of: #/```toml\n(\[resalloc\][\s\S]*?)```/#)?.1)
        let file = try ResallocFile.parse(String(example), path: "docs/resalloc.md")
        #expect(file.pools.count == 1 && file.connection != nil)
    }
}
