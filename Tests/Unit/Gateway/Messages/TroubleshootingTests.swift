import Foundation
import TestSupport
import Testing

@testable import Gateway

/// docs/troubleshooting.md explains what the gateway really says, all of it, with the status that it really has.
@Suite struct TroubleshootingTests {
    private struct Row {
        /// What is said, in pieces: between them stands what differs from case to case.
        let pieces: [String]
        let statuses: Set<Int32>

        /// Whether the row is about this message.
        func explains(_ message: Message) -> Bool {
            var rest = message.text[...]
            guard let first = pieces.first, rest.hasPrefix(first) else { return false }
            for piece in pieces {
                guard let place = rest.range(of: piece) else { return false }
                rest = rest[place.upperBound...]
            }
            return true
        }
    }

    private func text() throws -> String {
        try Project.text(of: "docs/troubleshooting.md")
    }

    /// The rows that have a status: those about what ssh itself says have none.
    private func rows() throws -> [Row] {
        try text().matches(of: #/(?m)^\| ([^|`]+) \| ([0-9, ]+) \|/#).map { match in
            Row(
                pieces: match.1.split(separator: "…").map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { $0.count > 1 },
                statuses: Set(match.2.split(separator: ", ").compactMap { Int32($0) }))
        }
    }

    /// What people can do themselves, and what an administrator has to do: in each, a sentence is found by its first word.
    @Test func eachTableIsInAlphabeticalOrderAndHasASentenceOnce() throws {
        let tables = try text().split(separator: "|---|---|---|").dropFirst().map { table in
            table.matches(of: #/(?m)^\| ([^|`]+) \| [0-9]/#).map { String($0.1) }
        }
        #expect(tables.count == 2)
        for table in tables {
            #expect(table.count > 20)
            #expect(table == table.sorted { $0.lowercased() < $1.lowercased() })
        }
        let rows = tables.flatMap { $0 }
        #expect(Set(rows).count == rows.count)
    }

    /// They have no status, and no catalogue.
    @Test func theTableOfWhatSSHSaysIsInAlphabeticalOrder() throws {
        let section = try #require(try text().firstMatch(of: #/(?s)\n## What ssh says\n(.*?)\n## /#)).1
        let said = section.matches(of: #/(?m)^\| ([^|]+) \|/#).dropFirst().map {
            $0.1.filter { $0 != "`" }.lowercased()
        }
        #expect(said.count > 15 && said == said.sorted() && Set(said).count == said.count)
    }

    @Test func whatIsSaidIsExplained() throws {
        let rows = try rows()
        for refusal in Refusal.examples {
            let message = refusal.message
            let found = rows.filter { $0.explains(message) }
            #expect(!found.isEmpty, "‘\(message.text)’ is not explained")
            #expect(
                found.contains { $0.statuses.contains(message.status.code) },
                "‘\(message.text)’ has status \(message.status)")
        }
    }

    @Test func whatIsExplainedIsSaid() throws {
        let rows = try rows()
        #expect(rows.count > 40)
        let messages = Refusal.examples.map(\.message)
        for row in rows {
            let said = messages.filter { row.explains($0) }
            #expect(!said.isEmpty, "nothing says ‘\(row.pieces.joined(separator: "…"))’")
            #expect(
                row.statuses == Set(said.map(\.status.code)),
                "‘\(row.pieces.joined(separator: "…"))’: \(Set(said.map(\.status.code)))")
        }
    }
}
