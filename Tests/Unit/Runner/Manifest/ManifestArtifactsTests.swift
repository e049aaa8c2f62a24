import BuildAPI
import Testing

@testable import Runner

/// `artifacts` in manifests.
@Suite("The artifacts of a manifest")
struct ManifestArtifactsTests {
    private func read(_ artifacts: String, limit: Int = 100 << 20) throws(RunnerError) -> Manifest.Artifacts?
    {
        try ManifestReader.read("image: debian\n\(artifacts)".utf8, artifactLimit: limit).artifacts
    }

    @Test(
        "what they mean",
        arguments: [
            ("shell: false", nil),
            ("artifacts: [a]", .init(paths: ["a"])),
            (
                "artifacts:\n- dist/*.tar.gz\n- ./report.html\n- logs/",
                .init(paths: ["dist/*.tar.gz", "report.html", "logs"])
            ),
            ("artifacts: {paths: ['it is ü']}", .init(paths: ["it is ü"])),
            (
                "artifacts:\n  paths: [a]\n  when: always\n  size: 20M\n  entered: give",
                .init(paths: ["a"], when: .always, size: 20 << 20, entered: .give)
            ),
            (
                "artifacts: {paths: [a], when: success, size: 100M, entered: withhold}",
                .init(paths: ["a"], size: 100 << 20)
            ),
            ("artifacts: {paths: [a], size: 1}", .init(paths: ["a"], size: 1)),
            ("artifacts: {paths: [a], size: 500K}", .init(paths: ["a"], size: 500 << 10)),
        ] as [(String, Manifest.Artifacts?)])
    func meaning(text: String, artifacts: Manifest.Artifacts?) throws {
        #expect(try read(text) == artifacts)
    }

    @Test(
        "what is wrong is refused with its place",
        arguments: [
            ("artifacts: a", 2, "artifacts", "expected a list of files"),
            ("artifacts: []", 2, "artifacts", "expected 1 to 100 files"),
            ("artifacts:", 2, "artifacts", "expected a list of files"),
            ("artifacts:\n- a\n- /etc/passwd", 4, "artifacts", "below the folder in which the tasks run"),
            ("artifacts: [~/a]", 2, "artifacts", "below the folder"),
            ("artifacts: [../a]", 2, "artifacts", "below the folder"),
            ("artifacts: [a/../../b]", 2, "artifacts", "below the folder"),
            ("artifacts: ['.']", 2, "artifacts", "below the folder"),
            ("artifacts: ['']", 2, "artifacts", "below the folder"),
            (#"artifacts: ['a\b']"#, 2, "artifacts", "below the folder"),
            (#"artifacts: ["a\tb"]"#, 2, "artifacts", "below the folder"),
            ("artifacts: [{a: b}]", 2, "artifacts", "below the folder"),
            ("artifacts: {}", 2, "artifacts.paths", "missing"),
            ("artifacts:\n  when: always", 3, "artifacts.paths", "missing"),
            ("artifacts: {paths: a}", 2, "artifacts.paths", "expected a list of files"),
            ("artifacts:\n  paths: [a]\n  when: never", 4, "artifacts.when", "expected success or always"),
            ("artifacts:\n  paths: [a]\n  size: 0", 4, "artifacts.size", "of at most 100 MB"),
            ("artifacts:\n  paths: [a]\n  size: 101M", 4, "artifacts.size", "of at most 100 MB"),
            ("artifacts:\n  paths: [a]\n  size: 9999999999G", 4, "artifacts.size", "of at most 100 MB"),
            ("artifacts:\n  paths: [a]\n  size: lots", 4, "artifacts.size", "of at most 100 MB"),
            (
                "artifacts:\n  paths: [a]\n  entered: maybe", 4, "artifacts.entered",
                "expected withhold or give"
            ),
            ("artifacts:\n  paths: [a]\n  path: [b]", 4, "artifacts.path", #"it looks like "paths""#),
            ("artifacts:\n  paths: [a]\n  paths: [b]", 4, "artifacts.paths", "this key appears twice"),
        ])
    func faults(text: String, line: Int, key: String, words: String) throws {
        let error = try #require(throws: RunnerError.self) { try read(text) }
        #expect(error.faults.map(\.line) == [line])
        #expect(error.faults.map(\.key) == [key])
        #expect(error.description.contains(words), "\(error)")
    }

    @Test("a list of more files than there can be is refused")
    func many() throws {
        let paths = (1...101).map { "a\($0)" }.joined(separator: ", ")
        let error = try #require(throws: RunnerError.self) { try read("artifacts: [\(paths)]") }
        #expect(error.description.contains("expected 1 to 100 files"))
    }

    @Test("a runner that keeps none says so at the submission")
    func none() throws {
        let error = try #require(throws: RunnerError.self) { try read("artifacts: [a]", limit: 0) }
        #expect(error.description == "line 2, artifacts: this build service keeps no artifacts.")
    }
}
