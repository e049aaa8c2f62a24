import Foundation
import TestSupport
import Testing

/// What all documents have in common.
@Suite struct DocumentationTests {
    private static let root = Project.root

    private static func documents() throws -> [(name: String, text: String)] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: "docs").path)
            .filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
        let pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
        return try (pages + names).map {
            ($0, try String(contentsOf: root.appending(path: $0), encoding: .utf8))
        }
    }

    @Test func whereTheCodeIsSaidToBeItIs() throws {
        var count = 0
        for (name, text) in try Self.documents() {
            for match in text.matches(of: #/`((?:Sources|Tests)/[A-Za-z0-9_./+-]+)`/#) {
                count += 1
                let path = Self.root.appending(path: String(match.1)).path
                #expect(FileManager.default.fileExists(atPath: path), "\(name) names \(match.1)")
            }
        }
        #expect(count > 10)
    }

    @Test func everyLinkLeadsSomewhere() throws {
        var count = 0
        for (name, text) in try Self.documents() {
            let folder = Self.root.appending(path: name).deletingLastPathComponent()
            for match in text.matches(of: #/\]\(([^)#: ]+)(?:#[^)]*)?\)/#) {
                count += 1
                let path = folder.appending(path: String(match.1)).standardizedFileURL.path
                #expect(FileManager.default.fileExists(atPath: path), "\(name) links to \(match.1)")
            }
        }
        #expect(count > 30)
    }

    /// What someone who is about to paste lines into a CI has to know first.
    @Test func thePagesForCIsSayFirstWhichFormKeepsTheStep() throws {
        let names = [
            "overview", "github-actions", "gitlab-ci", "jenkins", "buildbot", "woodpecker-forgejo",
            "kubernetes",
            "docker", "shell",
        ]
        for name in names {
            let paragraph = try Project.text(of: "docs/attach/\(name).md").components(separatedBy: "\n\n")[1]
            let sentence = paragraph.replacing("\n", with: " ").components(separatedBy: ". ")[0]
            #expect(
                sentence.contains("after `sallyport-attach … --`") && sentence.contains(" keeps "), "\(name)")
            #expect(sentence.contains("folder") && sentence.contains("environment"), "\(name)")
        }
    }
}
