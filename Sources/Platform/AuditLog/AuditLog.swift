package import Audit
package import ConfigurationFile
package import FoundationEssentials
import Version

/// Where a program's audit records go.
package struct AuditLog: Sendable {
    private let file: AuditFile?
    private let usesSystemLog: Bool
    /// What stands in every record.
    private let common: [AuditRecord.Field: AuditRecord.Value]

    /// - Parameters:
    ///   - host: the machine's name.
    ///   - others: what also stands in every record.
    package init(
        _ settings: Configuration.Audit, program: String, host: String,
        _ others: [AuditRecord.Field: AuditRecord.Value] = [:]
    ) {
        file = settings.file.map { AuditFile($0) }
        usesSystemLog = settings.usesSystemLog
        let own: [AuditRecord.Field: AuditRecord.Value] = [
            .host: .text(host), .program: .text(program), .programVersion: .text(Version.number),
        ]
        common = own.merging(others) { own, _ in own }
    }

    /// Writes a record: to the file, where it gets its place, and to the system log.
    ///
    /// - Throws: if it is not in the file. It is in the system log in any case.
    package func write(_ record: AuditRecord, at now: Date = .now) throws(AuditFailure) {
        var record = record
        record.set(.time, now)
        record.add(common)
        do throws(AuditFailure) {
            guard let file else { return writeToSystemLog(record) }
            let (line, previous) = try file.append(record)
            guard usesSystemLog else { return }
            record.setPlace(after: previous)
            SystemLog.write(record, line: line)
        } catch {
            writeToSystemLog(record)
            throw error
        }
    }

    /// Without a place in any file.
    private func writeToSystemLog(_ record: AuditRecord) {
        if usesSystemLog { SystemLog.write(record, line: record.line) }
    }
}
