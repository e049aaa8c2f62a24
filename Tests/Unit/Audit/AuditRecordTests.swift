import BuildAPI
import Foundation
import TestSupport
import Testing

@testable import Audit

@Suite struct AuditRecordTests {
    private let link = AuditLink(sequence: 6, hash: String(repeating: "a", count: 64))

    @Test func oneLineHasEverything() {
        var record = AuditRecord(.entry)
        record.set(Person(id: "1", name: "alice"))
        record.set(.agent, false)
        record.set(.status, 7)
        record.set(.time, Date(timeIntervalSince1970: 0.25))
        #expect(
            record.line(after: link)
                == "{\"agent\":false,\"event\":\"entry\",\"name\":\"alice\",\"person\":\"1\",\"prev\":\""
                + String(repeating: "a", count: 64)
                + "\",\"seq\":7,\"status\":7,\"time\":\"1970-01-01T00:00:00.250Z\",\"v\":1}")
    }

    @Test func theFirstRecordHasNoneBeforeIt() {
        #expect(AuditRecord(.login).line(after: nil) == "{\"event\":\"login\",\"seq\":1,\"v\":1}")
        #expect(AuditRecord(.login).line == "{\"event\":\"login\",\"v\":1}")
    }

    /// Whatever a text is, the record is one harmless line, and nothing of the text is lost.
    @Test(arguments: ["two\nlines", "\u{1b}[2J", "\u{202e}evil", "quote\" \\ }", "\u{0}", "日本"])
    func textsAreHarmless(text: String) throws {
        var record = AuditRecord(.refusal)
        record[.text] = text
        let line = record.line(after: nil)
        #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202e })
        #expect(try #require(StoredAuditRecord(line: line.utf8))[.text] == text)
    }

    @Test func longTextsAreCutOff() {
        var record = AuditRecord(.refusal)
        record[.command] = String(repeating: "x", count: 100_000)
        #expect(record[.command]?.count == 2000)
    }

    @Test func whatALaterVersionHasWrittenCanBeRead() throws {
        let line = "{\"v\":2,\"event\":\"teleport\",\"seq\":3,\"shade\":true}"
        let record = try #require(StoredAuditRecord(line: line.utf8))
        #expect(record[.event] == "teleport" && record.sequence == 3 && record.line == line)
    }

    @Test(arguments: ["", "{}", "[]", "{\"v\":\"1\"}", "{\"v\":1", "no record", "{\"v\":1,\"seq\":[]}"])
    func otherLinesAreNone(line: String) {
        #expect(StoredAuditRecord(line: line.utf8) == nil)
    }

    /// docs/audit.md explains every event and every field, and no others.
    @Test func thePageIsComplete() throws {
        let page = try Project.text(of: "docs/audit.md")
        let tables = page.components(separatedBy: "\n## Fields\n")
        #expect(try names(in: tables[0]) == Set(AuditRecord.Event.allCases.map(\.rawValue)))
        #expect(try names(in: tables[1]) == Set(AuditRecord.Field.allCases.map(\.rawValue)))
    }

    /// The first cells of all rows.
    private func names(in text: String) throws -> Set<String> {
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        try #require(!rows.isEmpty)
        return Set(
            rows.flatMap { row in
                row.split(separator: "|")[0].matches(of: #/`([a-z_]+)`/#).map { String($0.1) }
            })
    }
}
