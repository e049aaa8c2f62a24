package import Audit
import Presentation

/// Audit records as people read them: one on each line, with what matters most about each event.
package struct AuditTable {
    private let records: [StoredAuditRecord]

    package init(_ records: [StoredAuditRecord]) {
        self.records = records
    }

    /// Without the end of the last line.
    package var text: String {
        var table = Table(["TIME", "SESSION", "PERSON", "JOB", "EVENT", "WHAT"])
        for record in records {
            table.add([
                record[.time] ?? "", record[.session] ?? "", record[.name] ?? record[.person] ?? "",
                record[.job] ?? "", record[.event] ?? "", Self.words(for: record),
            ])
        }
        return table.lines.joined(separator: "\n")
    }

    private static func words(for record: StoredAuditRecord) -> String {
        let fields: [(AuditRecord.Field, String)]
        switch record[.event].flatMap({ AuditRecord.Event(rawValue: $0) }) {
        case .login: fields = [(.key, "key"), (.from, "from"), (.text, "")]
        case .decision: fields = [(.decision, ""), (.verb, ""), (.role, "as"), (.rule, "because")]
        case .verb: fields = [(.verb, ""), (.command, "")]
        case .claim: fields = [(.kind, ""), (.role, "as"), (.sharedBy, "shared by"), (.reason, "because")]
        case .entry:
            fields = [(.kind, ""), (.builderKey, "builder"), (.builderTrust, "known by"), (.agent, "agent")]
        case .exit: fields = [(.status, "status"), (.received, "received"), (.sent, "sent"), (.text, "")]
        case .refusal: fields = [(.status, "status"), (.verb, ""), (.command, ""), (.text, "")]
        case .change, .administration, nil: fields = [(.verb, ""), (.text, "")]
        }
        return fields.compactMap { field, word in
            record[field].map { word.isEmpty ? $0 : "\(word) \($0)" }
        }.joined(separator: ", ")
    }
}
