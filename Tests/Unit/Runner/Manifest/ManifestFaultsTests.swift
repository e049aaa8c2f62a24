import BuildAPI
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

/// What people read about a manifest that is not read: all of it at once, with places.
@Suite("The faults of a manifest")
struct ManifestFaultsTests {
    private func faults(_ bytes: some Collection<UInt8>) -> [String] {
        do throws(RunnerError) {
            _ = try ManifestReader.read(bytes)
            return []
        } catch {
            return error.faults.map(\.detail)
        }
    }

    private func faults(_ text: String) -> [String] { faults(text.utf8) }

    @Test("a manifest for builds.sr.ht gets one answer with everything that is not read")
    func sourcehut() throws {
        let text = """
            image: alpine/edge
            arch: riscv64
            packages:
              - meson
            repositories:
              extra: https://example.org
            sources:
              - https://git.sr.ht/~alice/parser
            secrets:
              - 46f739e5-4538-45dd-a79f-bf173b7a2ed9
            oauth: pages.sr.ht/PAGES:RW
            submitter:
              git.sr.ht: {enabled: true}
            triggers:
              - action: email
            artifacts: [/parser.tar.gz]
            enviroment: {A: b}
            tasks:
              - Build: make
              - check: make check
              - check: make check
            colour: blue
            """
        let error = try #require(throws: RunnerError.self) { try ManifestReader.read(text.utf8) }
        #expect(error.code == .unprocessable(line: 2, key: "arch"))
        let keys = [
            "arch", "packages", "repositories", "sources", "secrets", "oauth", "submitter", "triggers",
            "artifacts", "enviroment", "tasks", "tasks.check", "colour",
        ]
        #expect(error.faults.map(\.key) == keys)
        #expect(error.faults.map(\.line) == [2, 3, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 22])
        #expect(error.description == error.faults.map(\.detail).joined(separator: " "))
        for fault in error.faults[1..<8] {
            #expect(fault.detail.hasPrefix("line \(fault.line ?? 0), \(fault.key ?? ""): not read: "))
            #expect(fault.detail.count < 120, "\(fault.detail)")
        }
        #expect(error.faults[0].detail.hasPrefix("line 2, arch: no pool has the architecture riscv64; "))
        #expect(error.faults[9].detail == "line 17, enviroment: unknown key; it looks like \"environment\".")
        #expect(
            error.faults[12].detail
                == "line 22, colour: unknown key; expected image, pool, arch, environment, tasks, shell, keep, timeout or artifacts."
        )
    }

    @Test(
        "characters that nobody sees are named",
        arguments: [
            ("image: a\ntasks:\n\t- a: x\n", "line 3, column 1: a tab; YAML indents with blanks."),
            (
                "image: a\nenvironment:\n  A: b\n \tC: d\n",
                "line 4, column 2: a tab; YAML indents with blanks."
            ),
            (
                "image: a\ntasks:\n  - a: |\n      x\n\ty\n",
                "line 5, column 1: a tab; YAML indents with blanks."
            ),
            (
                "image: a\nshell: true\u{a0}\n",
                "line 2, shell: expected true or false. In column 12 there is a no-break space (U+00A0); write an "
                    + "ordinary blank."
            ),
            (
                "image: a\u{3000}\n",
                "line 1, image: expected a name of letters, digits, \"_\", \".\" and \"-\", or several with \"/\" between "
                    + "them. In column 9 there is an ideographic space (U+3000); write an ordinary blank."
            ),
            (
                "image: a\ntasks:\n  - a\u{200b}: x\n",
                "line 3, tasks: expected a name of 1 to 128 of a-z, 0-9, \"_\" and \"-\", not beginning with \"-\". In "
                    + "column 6 there is a zero width space (U+200B); remove it."
            ),
            (
                "image: a\n\u{a0}\u{a0}x: y: z\n",
                "line 2, column 1: a no-break space (U+00A0); write an ordinary blank."
            ),
            (
                "image: a\ntasks:\n  - a: |\n\u{a0}\u{a0}make\n",
                "line 4, column 1: a no-break space (U+00A0); write an ordinary blank."
            ),
            (
                "\u{200b}image: a\n",
                "line 1, ?image: unknown key; it looks like \"image\". In column 1 there is a zero width space (U+200B); "
                    + "remove it."
            ),
            ("image: a\n\u{1a}", "line 2, column 1: Ctrl-Z (U+001A); remove it."),
            ("image: a\r\n# \u{1b}[1m\r\n", "line 2, column 3: an escape character (U+001B); remove it."),
            ("image: a\r# a\r\r\u{7f}", "line 4, column 1: a control character (U+007F); remove it."),
            (
                "image: a\n\u{feff}shell: true\n",
                "line 2, column 1: a byte order mark (U+FEFF) that is not at the beginning; remove it."
            ),
            (
                "\u{feff}\u{feff}image: a\n",
                "line 1, column 1: a byte order mark (U+FEFF) that is not at the beginning; remove it."
            ),
            (
                "image: a\ntasks:\n  - a: echo x\u{2028}y\n",
                "line 3, column 14: a line separator (U+2028); remove it, or begin a new line."
            ),
            ("image: a\0b", "line 1, column 9: a NUL (U+0000); remove it."),
            ("image: a\u{85}", "line 1, column 9: a control character (U+0085); remove it."),
        ])
    func invisible(text: String, sentence: String) {
        #expect(faults(text).contains(sentence), "\(faults(text))")
    }

    @Test("several of them are all named, and what is legitimate in a script is not refused")
    func severalInvisible() throws {
        #expect(faults("image: a\u{1}\ntasks: []\u{2}\n\u{1a}").count == 3)
        let script = "a\tb\u{a0}c\u{200d}d\n\te\n"
        let text = "image: a\ntasks:\n- a: |\n    a\tb\u{a0}c\u{200d}d\n    \te\n"
        #expect(try ManifestReader.read(text.utf8).tasks.map(\.script) == [script])
    }

    @Test("the look at bytes finds exactly the characters that are refused everywhere")
    func bytes() {
        for scalar in (UInt32(0)...0xffff).lazy.compactMap({ Unicode.Scalar($0) }) {
            let isRefused = InvisibleCharacter(scalar)?.isRefusedEverywhere ?? false
            // The end of a line is in no line.
            guard scalar != "\n", scalar != "\r" else { continue }
            let bytes = "\u{2000}\(scalar)\u{2000}"[...].utf8
            guard ManifestText.canHoldRefused(bytes) != isRefused else { continue }
            Issue.record("U+\(String(scalar.value, radix: 16))")
        }
    }

    @Test("a byte order mark and every kind of line end are taken")
    func marks() throws {
        let text = "image: a\ntasks:\n  - a: |\n      x\n      y\n"
        for end in ["\n", "\r\n", "\r"] {
            let manifest = try ManifestReader.read(
                [0xef, 0xbb, 0xbf] + Array(text.replacing("\n", with: end).utf8))
            #expect(manifest.image == "a" && manifest.tasks.map(\.script) == ["x\ny\n"])
        }
        #expect(try ManifestReader.read("---\nimage: a\n...\n".utf8).image == "a")
    }

    @Test("another encoding is named, or the place of the first byte")
    func encodings() {
        let wide = "Manifest: expected UTF-8; save the file as UTF-8, not as UTF-16."
        let text = "image: debian\n"
        let little = text.utf16.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        for bytes in [little, big, [0xff, 0xfe] + little, [0xfe, 0xff] + big] {
            #expect(faults(bytes) == [wide])
        }
        let latin = Array("image: a\n# caf".utf8) + [0xe9] + Array("\nshell: true\n".utf8)
        #expect(faults(latin) == ["line 2, column 6: this byte is not UTF-8; save the file as UTF-8."])
        #expect(
            faults(Array("image: ".utf8) + [0xc3])
                == ["line 1, column 8: this byte is not UTF-8; save the file as UTF-8."])
    }

    /// What libyaml says about each is half a sentence.
    @Test(
        "what is not YAML is told in whole sentences",
        arguments: [
            ("image: a\n---\nimage: b\n", "line 2: a second document begins here"),
            ("{image: a}\nshell: true\n", "line 2, column 1: this does not belong to what stands above it"),
            ("\"image\"\nshell: true\n", "line 2, column"),
            (
                "image: a\ntasks:\n  - a: x\n - b: y\n",
                "line 4, column 2: this is neither part of what stands above"
            ),
            ("image: a\n  shell: true\n", "line 2, column 8: a second \": \" in one value"),
            ("image: a\nfoo\nshell: true\n", "line 3, column 1: a key without \":\" before this"),
            ("image: a\ntasks:\n  - a: @x\n", "line 3, column 8: a value cannot begin with \"@\""),
            ("image: a\ntasks:\n  - a: `x`\n", "line 3, column 8: a value cannot begin with \"`\""),
            (
                "image: a\ntasks:\n  - a: \"x\n",
                "line 4, column 1: the quoted text, which begins in line 3, has no end"
            ),
            (
                "image: a\ntasks: [a: x\nshell: true\n",
                "line 3, column 6: the list, which begins in line 2, has no end"
            ),
            (
                "image: a\nenvironment: {A: b\n",
                "line 3, column 1: the mapping, which begins in line 2, has no end"
            ),
            ("image: a\ntasks:\n  - a: \"\\d\"\n", "line 3, column 9: a backslash with a meaning"),
            ("image: a\ntasks:\n  - a: *.o\n", "line 3, column 9: \"*\" and \"&\" have a meaning"),
            ("image: a\ntasks: - a\n", "line 2, column 8: a list or a mapping cannot begin here"),
            ("image: a\ntasks:\n  - a: | make\n", "line 3, column 10: after \"|\" or \">\" there can be"),
        ])
    func syntax(text: String, beginning: String) {
        let faults = faults(text)
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix(beginning) == true, "\(text): \(faults)")
        for half in ["did not find", "found", "while", "not YAML: "] {
            #expect(faults.first?.contains(half) == false, "\(faults)")
        }
    }

    @Test("no more than fifty faults are listed")
    func many() {
        let text = "image: a\n" + (0..<200).map { "k\($0): x\n" }.joined()
        let faults = faults(text)
        #expect(faults.count == 51 && faults.last == "There are 150 more.")
    }

    @Test("tasks can be a mapping, in its order; a task can be called setup")
    func mapping() throws {
        let text = "image: a\ntasks:\n  setup: x\n  build: |\n    y\n  a: z\n"
        #expect(
            try ManifestReader.read(text.utf8).tasks
                == [
                    .init(name: "setup", script: "x"), .init(name: "build", script: "y\n"),
                    .init(name: "a", script: "z"),
                ])
        #expect(try ManifestReader.read("image: a\ntasks: {}\n".utf8).tasks == [])
        #expect(faults("image: a\ntasks: {a: x, a: y, log: z}\n").count == 2)
    }

    @Test(
        "an image can be in a folder, and in no other place",
        arguments: [
            ("debian/stable", true), ("alpine/3.20", true), ("a/b/c", true), ("a//b", false), ("/a", false),
            ("a/", false), ("a/..", false), ("../a", false), ("a/.b", false), ("a/./b", false),
            ("a\\b", false),
            (String(repeating: "a", count: 65), false), (String(repeating: "a/", count: 64) + "b", false),
        ])
    func image(name: String, isValid: Bool) {
        #expect(faults("image: '\(name)'\n").isEmpty == isValid)
    }

    @Test("the service answers with all faults, and finds images by their other names and in folders")
    func service() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            TestService.makeImage("alpine/3.20", in: service.folder)
            TestService.makeImage("half", in: service.folder)
            try FileManager.default.removeItem(atPath: service.folder + "/half/initramfs.cpio.gz")
            func submit(_ manifest: String) async throws -> HTTPClient.Answer {
                try await service.client.send(
                    .POST, "/v1/jobs?owner=alice", headers: ["Content-Type": "application/yaml"],
                    body: manifest)
            }
            let answer = try await submit("image: gone\nsources: []\n")
            #expect(answer.status == 422)
            let problem = try answer.decode(Problem.self)
            #expect(problem.line == 1 && problem.key == "image")
            #expect(problem.faults?.map(\.key) == ["image", "sources"])
            for name in ["alpine/3.20", "debian", "debian/stable"] {
                #expect(try await submit("image: \(name)\n").status == 201, "\(name)")
            }
            // The first leads to images and is none; from the second no builder can start.
            for name in ["alpine", "half", "alpine/3.21", "debian/old", "debian/x"] {
                #expect(try await submit("image: \(name)\n").status == 422, "\(name)")
            }
        }
    }
}
