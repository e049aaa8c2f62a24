import BuildAPI
import Testing

@testable import Runner

@Suite("Manifests")
struct ManifestReaderTests {
    @Test("a whole manifest means what it says")
    func whole() throws {
        let text = """
            image: debian
            environment:
              GREETING: it's me
              NUMBER: 1
            tasks:
              - build: |
                  make
                  make check
              - deploy: ./deploy
            shell: true
            timeout: 30m
            """
        #expect(
            try ManifestReader.read(text.utf8)
                == Manifest(
                    image: "debian", pool: "local",
                    environment: [
                        .init(name: "GREETING", value: "it's me"), .init(name: "NUMBER", value: "1"),
                    ],
                    tasks: [
                        .init(name: "build", script: "make\nmake check\n"),
                        .init(name: "deploy", script: "./deploy"),
                    ],
                    shell: true, timeout: 1800))
    }

    @Test(
        "a mistake is reported with its line and key",
        arguments: [
            ("image: a\nfoo: 1", 2, "foo"), ("image: ../a", 1, "image"), ("image: .a", 1, "image"),
            ("image: a\nshell: maybe", 2, "shell"), ("image: a\ntimeout: 1d", 2, "timeout"),
            ("image: a\nkeep: ever", 2, "keep"), ("image: a\narch: riscv64", 2, "arch"),
            ("image: a\nkeep: never\nshell: true", 2, "keep"),
            ("image: a\ntimeout: 0", 2, "timeout"), ("image: a\ntimeout: 73h", 2, "timeout"),
            ("image: a\ntasks:\n  - Build: x", 3, "tasks"),
            ("image: a\ntasks:\n  - a: x\n    b: y", 3, "tasks"),
            ("image: a\ntasks:\n  - a: x\n  - a: y", 4, "tasks.a"),
            ("image: a\ntasks:\n  - a: [1]", 3, "tasks.a"),
            ("image: a\ntasks:\n  - -a: x", 3, "tasks"),
            ("image: a\ntasks: x", 2, "tasks"), ("image: a\nenvironment:\n  1A: x", 3, "environment"),
            ("image: a\nenvironment:\n  A: [x]", 3, "environment.A"),
            ("image: a\nenvironment: x", 2, "environment"),
            ("image: a\nimage: b", 2, "image"), ("tasks: []", 1, "image"), ("image: a\n  x: [", 2, nil),
            ("- a", 1, nil), ("", 1, nil), ("image: gone", 1, "image"), ("image: \"a\\0b\"", 1, "image"),
            ("image: a\ntasks:\n  - a: \"x\\0\"", 3, "tasks.a"), ("image: *x", 1, nil),
        ] as [(String, Int, String?)])
    func mistakes(text: String, line: Int, key: String?) throws {
        let error = #expect(throws: RunnerError.self) {
            try ManifestReader.read(
                text.utf8, pools: .local(.init(resolve: { name, _ in name == "gone" ? nil : name })))
        }
        #expect(error?.code == .unprocessable(line: line, key: key), "\(text)")
    }

    @Test(
        "when the builder is kept: as keep says, otherwise as shell does",
        arguments: [
            ("", .failure), ("shell: true", .always), ("shell: false", .failure), ("keep: never", .never),
            ("keep: failure", .failure), ("keep: always\nshell: false", .always),
            ("shell: true\nkeep: always", .always),
        ] as [(String, KeepRule)])
    func keep(text: String, rule: KeepRule) throws {
        #expect(try ManifestReader.read("image: a\n\(text)\n".utf8).keepRule == rule)
    }

    @Test("a timeout is at most what the administrator allows, also if the manifest says nothing")
    func longestTimeout() throws {
        func read(_ text: String) throws(RunnerError) -> Manifest {
            try ManifestReader.read("image: a\n\(text)".utf8, longestTimeout: 1800)
        }
        #expect(try read("timeout: 30m").timeout == 1800 && read("").timeout == 1800)
        let error = #expect(throws: RunnerError.self) { try read("timeout: 1801") }
        #expect(
            error?.description
                == "line 2, timeout: expected seconds, or a time such as 30m or 2h, of at most 30m.")
    }

    @Test(
        "a manifest that names no image learns which there are",
        arguments: [
            (
                ["debian", "debian-build"],
                "line 1, image: there is no image \"debain\"; there are: debian, debian-build."
            ),
            ([], "line 1, image: there is no image \"debain\"; this service has none."),
        ])
    func wrongImage(names: [String], sentence: String) {
        let error = #expect(throws: RunnerError.self) {
            try ManifestReader.read(
                "image: debain".utf8, pools: .local(.init(resolve: { _, _ in nil }, names: { _ in names })))
        }
        #expect(error?.description == sentence)
    }

    @Test("a manifest that is too large, or not text, is refused")
    func notText() throws {
        let large = "image: a\n" + String(repeating: "#", count: 1 << 20)
        let error = #expect(throws: RunnerError.self) { try ManifestReader.read(large.utf8) }
        #expect(error?.code == .tooLarge && error?.description == "A manifest can have at most 1 MB.")
        let other = #expect(throws: RunnerError.self) { try ManifestReader.read([0xff, 0xfe, 0x41]) }
        #expect(
            other?.description == "Manifest: expected UTF-8; save the file as UTF-8, not as UTF-16.")
    }

    @Test("any beginning of a manifest is read or refused")
    func prefixes() {
        let text = "image: a\nenvironment: {A: \"b\"}\ntasks:\n  - t: |\n      x\nshell: true\ntimeout: 5\n"
        for count in 0...text.utf8.count { _ = try? ManifestReader.read(text.utf8.prefix(count)) }
    }
}
