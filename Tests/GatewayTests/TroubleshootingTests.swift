import Foundation
import Testing

/// docs/troubleshooting.md is about what the programs really say, all of it.
@Suite struct TroubleshootingTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardizedFileURL

    /// What speaks to people; the grammar's own sentences come with the usage.
    private func sources(with more: [String] = []) throws -> String {
        var text = ""
        for library in ["Gateway", "SSHClient", "ServiceClient"] + more {
            let folder = Self.root.appending(path: "Sources/\(library)")
            for case let file as URL in FileManager.default.enumerator(
                at: folder, includingPropertiesForKeys: nil)!
            where file.pathExtension == "swift" {
                text += try String(contentsOf: file, encoding: .utf8)
            }
        }
        return text
    }

    /// The first cells of the first table.
    private func rows() throws -> [String] {
        let text = try String(
            contentsOf: Self.root.appending(path: "docs/troubleshooting.md"), encoding: .utf8)
        let table = text.split(separator: "| what ssh says")[0]
        return table.matches(of: #/(?m)^\| ([A-Z][^|]+) \| [0-9]/#).map { String($0.1) }
    }

    @Test func whatIsExplainedIsSaid() throws {
        let sources = try sources(with: ["Requests"])
        let rows = try rows()
        #expect(rows.count > 20)
        for row in rows {
            for part in row.split(separator: "…") where part.count > 1 {
                #expect(sources.contains(part), "nothing says ‘\(part)’ of ‘\(row)’")
            }
        }
    }

    @Test func whatIsSaidIsExplained() throws {
        let rows = try rows().map { $0.split(separator: "…")[0] }
        let sentences = try sources().matches(
            of:
                #/(?:(?:Refusal|self\.init)\(\s*\.\w+,\s*|case \.\w+(?:\(.*\) where .*)?: )"([A-Z][^"\\]{8,})/#
        )
        #expect(sentences.count > 15)
        for sentence in sentences.map(\.1) {
            let isExplained = rows.contains { sentence.hasPrefix($0) || $0.hasPrefix(sentence) }
            #expect(isExplained, "‘\(sentence)’ is not explained")
        }
    }
}
