import Audit
import AuditLog

/// Writes audit records until it is killed, for AuditTests: `sallyport-audit-writer FILE`.
@main
enum AuditWriter {
    static func main() throws {
        let file = AuditFile(CommandLine.arguments[1])
        while true {
            var record = AuditRecord(.verb)
            // Longer than a page, so that a record cannot be one step of the file system's.
            record[.text] = String(repeating: "x", count: .random(in: 0...2000))
            record[.command] = String(repeating: "y", count: .random(in: 0...2000))
            record[.rule] = String(repeating: "z", count: .random(in: 0...2000))
            try file.append(record)
        }
    }
}
