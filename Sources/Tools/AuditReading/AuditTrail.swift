package import Audit
package import ConfigurationFile
package import FoundationEssentials
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
    }

    private let sources: [Source]

    package init(_ configuration: Configuration) {
        sources = [
            Source(program: "sallyport-shell", settings: configuration.gateway.audit),
            Source(program: "sallyport-runner", settings: configuration.runner.audit),
        ]
    }

    /// The files that are configured.
    package var files: [String] { sources.compactMap(\.settings.file) }

    /// In the order in which they were written.
    package func records(_ question: Question) async throws(AuditFiles.Failure) -> [StoredAuditRecord] {
        var found: [StoredAuditRecord] = []
        for case let file? in sources.map(\.settings.file) {
            for part in try await AuditFiles(file).parts() { found += part.records.filter(question.wants) }
        }
        let others = sources.filter { $0.settings.file == nil && $0.settings.usesSystemLog }.map(\.program)
        // A host with files for all of them needs no journal; one can be a gateway or a runner only.
        if files.isEmpty {
            found += try await AuditJournal.records(since: question.since).filter { record in
                question.wants(record) && others.contains(record[.program] ?? "")
            }
        }
        return found.sorted { ($0.time ?? .distantPast) < ($1.time ?? .distantPast) }
    }

    /// Follows the chain of every file.
    package func verdicts() async throws(AuditFiles.Failure) -> [Verdict] {
        var verdicts: [Verdict] = []
        for file in files { verdicts.append(Self.verdict(on: file, try await AuditFiles(file).parts())) }
        return verdicts
    }

    private static func verdict(on file: String, _ parts: [AuditFiles.Part]) -> Verdict {
        var chain = AuditChain()
        var faults: [String] = []
        for part in parts {
            for (index, line) in part.lines.enumerated() {
                if let fault = chain.take(line) {
                    faults.append("\(part.path), line \(index + 1): \(fault.words)")
                }
            }
        }
        return Verdict(
            file: file, records: chain.count, first: chain.first?.sequence, last: chain.last?.sequence,
            hash: chain.last?.hash, faults: faults)
    }

    /// Removes the renamed files all of whose records are older than they are kept.
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
