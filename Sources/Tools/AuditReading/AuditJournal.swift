package import Audit
import AuditLog
package import FoundationEssentials
package import Glibc
import HelperPrograms

/// The audit records that journald(8) has.
package enum AuditJournal {
    /// The most that is read.
    private static let limit = 1 << 30

    private struct Entry: Decodable {
        let message: String

        enum CodingKeys: String, CodingKey { case message = "MESSAGE" }
    }

    /// The records of the host's programs, in the journal's order.
    ///
    /// - Parameters:
    ///   - since: nil: all that there are.
    ///   - users: those whose programs write records. Anybody can give an entry our identifier.
    package static func records(
        since: Date?, by users: Set<uid_t>
    ) async throws(AuditFiles.Failure) -> [StoredAuditRecord] {
        let start = since.map { ["--since", "@\(Int($0.timeIntervalSince1970))"] } ?? []
        let program = HelperProgram(
            words: [
                "journalctl", "--quiet", "--no-pager", "--output=json", "--all",
                "--identifier=\(SystemLog.identifier)",
            ] + start + users.sorted().map { "_UID=\($0)" }, outputLimit: limit, limit: .seconds(600))
        do throws(HelperProgram.Failure) {
            let outcome = try await program.run(reading: [])
            guard outcome.status == .exited(0) else { throw .failed(outcome.lastWords) }
            return records(in: outcome.output)
        } catch {
            throw AuditFiles.Failure(
                description: "no audit_file is configured, and the journal cannot be read: \(error)")
        }
    }

    /// - Parameter entries: of journalctl, as JSON, one on each line.
    static func records(in entries: [UInt8]) -> [StoredAuditRecord] {
        entries.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)),
                entry.message.hasPrefix(SystemLog.cookie)
            else { return nil }
            return StoredAuditRecord(line: Array(entry.message.dropFirst(SystemLog.cookie.count).utf8))
        }
    }
}
