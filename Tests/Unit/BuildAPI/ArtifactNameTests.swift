import BuildAPI
import Testing

/// Names come from builders, which may say anything.
@Suite("Names of artifacts")
struct ArtifactNameTests {
    @Test(
        "relative paths are names", arguments: ["a", "dist/a b.tar.gz", "ü", ".hidden", "-x", "...", "a/..b"])
    func valid(name: String) {
        #expect(ArtifactName.isValid(name))
    }

    @Test(
        "everything else is not",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/.", "a/../b", "../a", "a\nb", "a\u{0}b",
            "a\u{1b}[2J", "a\u{7f}", #"a\b"#, String(repeating: "x", count: 256),
        ])
    func invalid(name: String) {
        #expect(!ArtifactName.isValid(name))
    }
}
