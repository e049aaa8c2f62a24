package import Audit
import AuditLog
package import ConfigurationFile
package import FoundationEssentials
import Glibc
import Presentation

/// What this host's programs have recorded, wherever their records are.
package struct AuditTrail {
    /// Which records are wanted.
    package struct Question {
        /// A name or an id.
        package var person: String?
        package var job: String?
        package var session: String?
        package var since: Date?

        package init() {}

        func wants(_ record: StoredAuditRecord) -> Bool {
            if let person, !record.isAbout(person: person) { return false }
            if let job, record[.job] != job { return false }
            if let session, record[.session] != session { return false }
            guard let since else { return true }
            return record.time.map { $0 >= since } ?? true
        }
    }

    /// What the chain of one file says.
    package struct Verdict: Encodable {
        package var file: String
        package var records: Int
        package var first: Int?
        package var last: Int?
        /// Of the last record: whoever keeps it elsewhere sees later whether anything before it was changed.
        package var hash: String?
        /// In a clause each.
        package var faults: [String]

        /// For people.
        package var lines: [String] {
            guard let first, let last, let hash else { return ["\(file): no records"] + faults }
            let removed = first > 1 ? "; those before have been removed" : ""
            return ["\(file): \(records.counted("record")), \(first) to \(last)\(removed)"]
                + (faults.isEmpty ? ["The chain is intact. The last record's hash is \(hash)."] : faults)
        }
    }

    /// A program that writes records, and where.
    private struct Source {
        let program: String
        let settings: Configuration.Audit
        /// As whom; nil: there is no such user here.
        let user: uid_t?
    }

    private let sources: [Source]
    private let recordings: RecordingFolder
    private let recordingRetention: Int

    package init(_ configuration: Configuration) {
        var status = stat()
        let hasState = stat(configuration.runner.stateDirectory, &status) == 0
        sources = [
            Source(
                program: "sallyport-shell", settings: configuration.gateway.audit,
                user: getpwnam(configuration.runner.account)?.pointee.pw_uid),
            Source(
                program: "sallyport-runner", settings: configuration.runner.audit,
                user: hasState ? status.st_uid : nil),
        ]
        recordings = RecordingFolder(configuration.gateway.recording.folder)
        recordingRetention = configuration.gateway.recording.retention
    }

    /// The files that are configured.
    package var files: [String] { sources.compactMap(\.settings.file) }

    /// In the order in which they were written.
    package func records(_ question: Question) async throws(AuditFiles.Failure) -> [StoredAuditRecord] {
        var found: [StoredAuditRecord] = []
        for file in files {
            try await AuditFiles(file).forEachPart { found += $0.records.filter(question.wants) }
        }
        found += try await journal(question)
        return found.sorted { ($0.time ?? .distantPast) < ($1.time ?? .distantPast) }
    }

    /// Those of the programs that have no file.
    private func journal(_ question: Question) async throws(AuditFiles.Failure) -> [StoredAuditRecord] {
        let others = sources.filter { $0.settings.file == nil && $0.settings.usesSystemLog }
        let users = Set(others.compactMap(\.user))
        guard !users.isEmpty else { return [] }
        do throws(AuditFiles.Failure) {
            return try await AuditJournal.records(since: question.since, by: users).filter { record in
                question.wants(record) && others.contains { $0.program == record[.program] }
            }
        } catch {
            // This host may be only a gateway, or only a runner, and without a journal.
            guard files.isEmpty else { return [] }
            throw error
        }
    }

    /// Follows the chain of every file, and compares the recordings with what their sessions' records say.
    package func verdicts() async throws(AuditFiles.Failure) -> [Verdict] {
        var verdicts: [Verdict] = []
        var hashes: [String: String] = [:]
        for file in files {
            let remembered = AuditFile(file).remembered
            var chain = AuditChain()
            var faults: [String] = []
            try await AuditFiles(file).forEachPart { part in
                if let fault = part.fault { faults.append("\(part.path): \(fault)") }
                for (index, line) in part.lines.enumerated() {
                    if let fault = chain.take(line) {
                        faults.append("\(part.path), line \(index + 1): \(fault.words)")
                    }
                }
                for record in part.records {
                    if let session = record[.session], let hash = record[.recording] {
                        hashes[session] = hash
                    }
                }
            }
            faults += chain.end(remembered)
            verdicts.append(
                Verdict(
                    file: file, records: chain.count, first: chain.first?.sequence,
                    last: chain.last?.sequence, hash: chain.last?.hash, faults: faults))
        }
        if !verdicts.isEmpty { verdicts[0].faults += changedRecordings(hashes) }
        return verdicts
    }

    /// - Parameter hashes: by session.
    private func changedRecordings(_ hashes: [String: String]) -> [String] {
        recordings.recordings.sorted { $0.name < $1.name }.compactMap { recording in
            let session = recording.name.dropLast(RecordingFolder.suffix.count).split(separator: "-").last
            guard let session, let hash = hashes[String(session)],
                let data = try? Data(contentsOf: URL(filePath: "\(recordings.path)/\(recording.name)")),
                AuditLink.hash(of: data) != hash
            else { return nil }
            return
                "\(recordings.path)/\(recording.name): this recording was changed after its session had ended"
        }
    }

    /// Removes the renamed files all of whose records are older than they are kept, and such recordings.
    ///
    /// - Returns: their paths.
    package func removeOldFiles(at now: Date) async throws(AuditFiles.Failure) -> [String] {
        var removed: [String] = []
        for source in sources {
            guard let file = source.settings.file else { continue }
            let oldest = now.addingTimeInterval(-86_400 * Double(source.settings.retention))
            removed += try await AuditFiles(file).removeParts(before: oldest)
        }
        return removed
            + recordings.removeAll(before: now.addingTimeInterval(-86_400 * Double(recordingRetention)))
    }
}

extension AuditChain {
    /// What is wrong with its end.
    ///
    /// - Parameter remembered: what the program remembers as the last record, read before the files.
    fileprivate func end(_ remembered: AuditLink?) -> [String] {
        guard let remembered else { return [] }
        let number = last?.sequence ?? 0
        if number < remembered.sequence {
            return [
                number + 1 == remembered.sequence
                    ? "record \(remembered.sequence), the last one, is missing"
                    : "records \(number + 1) to \(remembered.sequence), the last ones, are missing"
            ]
        }
        let isChanged = number == remembered.sequence && last?.hash != remembered.hash
        return isChanged ? ["record \(number), the last one, was changed"] : []
    }
}

extension AuditChain.Fault {
    /// In a clause.
    fileprivate var words: String {
        switch self {
        case .unreadable: "this is no record: the line was changed or cut off"
        case .missing(let last, let next) where next == last + 2: "record \(last + 1) is missing"
        case .missing(let last, let next): "records \(last + 1) to \(next - 1) are missing"
        case .outOfOrder(let number, let last): "record \(number) comes after record \(last)"
        case .changed(let number): "record \(number) was changed after the next one was written"
        }
    }
}
