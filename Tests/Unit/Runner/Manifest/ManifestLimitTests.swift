import BuildAPI
import NIOHTTP1
import Testing

@testable import Runner

/// Manifests that are refused, by the reader and by the service.
@Suite("The limits of a manifest")
struct ManifestLimitTests {
    static let refused: [(what: String, manifest: String, sentence: String)] = [
        ("more than 100 tasks", manifest(tasks: 101), "line 3, tasks: at most 100 tasks."),
        ("a name of 129 characters", manifest(task: name(129)), "line 3, tasks: \(nameRule)."),
        ("an empty name", manifest(task: "\"\""), "line 3, tasks: \(nameRule)."),
        ("a name in capitals", manifest(task: "Build"), "line 3, tasks: \(nameRule)."),
        ("a name with a dot", manifest(task: ".."), "line 3, tasks: \(nameRule)."),
        ("a name with a slash", manifest(task: "a/b"), "line 3, tasks: \(nameRule)."),
        ("a name with a newline", manifest(task: #""a\n""#), "line 3, tasks: \(nameRule)."),
        ("a name like an option", manifest(task: "-a"), "line 3, tasks: \(nameRule)."),
        ("a name that is not ASCII", manifest(task: "é"), "line 3, tasks: \(nameRule)."),
        (
            "the name of its file", manifest(task: "log"),
            "line 3, tasks.log: this name is taken by the job's own log."
        ),
        (
            "a name twice", manifest(task: "a") + "  - a: x\n",
            "line 4, tasks.a: there is already a task with this name."
        ),
        ("one alias", "image: &a debian\nshell: *a\n", "line 2: \(aliasRule)."),
        ("a billion laughs", laughs(nine: 9, asKey: false), "line 3: \(aliasRule)."),
        // To find out whether a key appears twice, its whole content is compared.
        ("a billion laughs in a key", laughs(nine: 9, asKey: true), "line 3: \(aliasRule)."),
        ("a chain of aliases deeper than the stack", chain(60_000), "line 3: \(aliasRule)."),
        ("a mapping as a key", "image: debian\n? {a: b}\n: c\n", "line 2: \(keyRule)."),
        (
            "a list as a key, deep inside", "tasks:\n  - build:\n      ? [a]\n      : x\n",
            "line 3: \(keyRule)."
        ),
        // To find out whether a key appears twice, others compare its whole content, on each level.
        ("keys in keys", keysInKeys(900, 40_000), "line 1: \(keyRule)."),
        (
            "nine levels", "a: [[[[[[[[x]]]]]]]]\n",
            "line 1: more than 8 lists and mappings inside each other; a manifest has 3 levels."
        ),
        ("more values than anybody writes", "a: [" + many(10_000, "x") + "]\n", "line 1: \(countRule)."),
        ("more lists than anybody writes", "a: [" + many(10_000, "[]") + "]\n", "line 1: \(countRule)."),
        (
            "short names of tags", many(60_000, "%TAG !a! b\n") + "---\nimage: debian\n",
            "line 1: \"%TAG\" has no use here; remove this line."
        ),
        (
            "brackets deeper than the stack", "image: " + String(repeating: "[", count: 500_000),
            "line 1, column 9: brackets inside more brackets than anything can read; remove some."
        ),
    ]

    @Test("the reader refuses what exceeds a limit", arguments: refused)
    func reader(what: String, manifest: String, sentence: String) {
        let error = #expect(throws: RunnerError.self, "\(what)") {
            try ManifestReader.read(manifest.utf8)
        }
        #expect(error?.description == sentence, "\(what)")
    }

    @Test("a submission that exceeds a limit gets the reader's sentence, and the service continues")
    func service() async throws {
        try await TestService.run { service in
            try await service.addAlice()
            for (what, manifest, sentence) in Self.refused {
                let answer = try await Self.submit(manifest, to: service)
                #expect(answer.status == 422, "\(what)")
                #expect(try answer.decode(Problem.self).detail == sentence, "\(what)")
            }
            let large = try await Self.submit(Self.large(bytes: 1 << 20 + 1), to: service)
            #expect(large.status == 413)
            #expect(try large.decode(Problem.self).detail == "The body is larger than 1024 KiB.")
            #expect(try await Self.submit(Self.large(bytes: 1 << 20), to: service).status == 201)
        }
    }

    @Test(
        "what is just within the limits is read",
        arguments: [
            (manifest(tasks: 100), 100), ("image: debian\ntasks: []\n# %TAG\n", 0),
            (manifest(task: name(128)), 1), (manifest(task: "_-0"), 1),
            (large(bytes: 1 << 20), 0),
        ])
    func enough(manifest: String, tasks: Int) throws {
        #expect(try ManifestReader.read(manifest.utf8).tasks.count == tasks)
    }

    /// A line as long as the manifest must not be looked at again for each of them.
    @Test("thousands of faults in one long line are found in no time")
    func oneLine() {
        let name = String(repeating: "y", count: 200)
        let text = "{" + (0..<4900).map { "k\(name)\($0): x" }.joined(separator: ", ") + "}"
        let start = ContinuousClock.now
        let error = #expect(throws: RunnerError.self) { try ManifestReader.read(text.utf8) }
        #expect(error?.faults.last?.detail == "There are 4851 more.")
        #expect(start.duration(to: .now) < .seconds(30))
        let controls = "image: a\n#" + String(repeating: "\u{1}", count: 1 << 19)
        let other = #expect(throws: RunnerError.self) { try ManifestReader.read(controls.utf8) }
        #expect(other?.faults.count == 51 && other?.faults.last?.detail == "There are \(1 << 19 - 50) more.")
    }

    @Test("stars and ampersands in a script are not aliases")
    func scripts() throws {
        let text =
            "image: debian\ntasks:\n  - a: |\n      *a &a\n  - b: rm *.o && x &y *y\n  - c: \"*a\" # *a\n"
        #expect(
            try ManifestReader.read(text.utf8).tasks.map(\.script) == ["*a &a\n", "rm *.o && x &y *y", "*a"])
    }

    private static let nameRule =
        "expected a name of 1 to 128 of a-z, 0-9, \"_\" and \"-\", not beginning with \"-\""
    private static let aliasRule = "aliases, such as \"*name\", are not supported; write the value out"

    private static let keyRule = "a list or a mapping cannot be a key; write a name"
    private static let countRule = "more than 10000 keys and values; put them into a file of your source"

    private static func many(_ count: Int, _ text: String) -> String {
        Array(repeating: text, count: count).joined(separator: text.hasSuffix("\n") ? "" : ",")
    }

    private static func keysInKeys(_ depth: Int, _ count: Int) -> String {
        "{" + String(repeating: "? {", count: depth) + "? [" + many(count, "a") + "] : b"
            + String(repeating: "} : b", count: depth) + "}"
    }

    private static func name(_ count: Int) -> String { String(repeating: "a", count: count) }

    private static func manifest(task name: String) -> String { "image: debian\ntasks:\n  - \(name): x\n" }

    private static func manifest(tasks count: Int) -> String {
        "image: debian\ntasks:\n" + (0..<count).map { "  - t\($0): x\n" }.joined()
    }

    private static func large(bytes: Int) -> String {
        let text = "image: debian\n#"
        return text + String(repeating: "x", count: bytes - text.utf8.count)
    }

    /// Lists of nine of the list before.
    private static func laughs(nine levels: Int, asKey: Bool) -> String {
        var text = "environment:\n  A0: &a0 [lol]\n"
        for level in 1...levels {
            let list = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            text += "  A\(level): &a\(level) [\(list)]\n"
        }
        return text + (asKey ? "  ? *a\(levels)\n  : x\n" : "") + "image: debian\n"
    }

    /// Each around the one before.
    private static func chain(_ count: Int) -> String {
        "tasks:\n  - &a {k: v}\n" + String(repeating: "  - &a {k: *a}\n", count: count) + "image: debian\n"
    }

    private static func submit(_ manifest: String, to service: TestService) async throws -> HTTPClient.Answer
    {
        try await service.client.send(
            .POST, "/v1/jobs?owner=alice", headers: ["Content-Type": "application/yaml"], body: manifest)
    }
}
