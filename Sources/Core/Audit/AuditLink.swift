import AuthorizedKeys
import BuildAPI
import FoundationEssentials

/// The place of a record in the chain of its file: which one it is, and the SHA-256 of its line, without the end of the line.
public struct AuditLink: Equatable, Sendable {
    public var sequence: Int
    /// In lower-case hexadecimal.
    public var hash: String

    public init(sequence: Int, hash: String) {
        self.sequence = sequence
        self.hash = hash
    }

    /// The place of a record that has been written; nil: the line is no record.
    ///
    /// - Parameter line: without its end.
    public init?(ofLine line: some Collection<UInt8>) {
        guard let record = StoredAuditRecord(line: line) else { return nil }
        self.init(of: record, inLine: line)
    }

    /// The same for a record that has been read from that line.
    init?(of record: StoredAuditRecord, inLine line: some Collection<UInt8>) {
        guard let sequence = record.sequence else { return nil }
        self.init(sequence: sequence, hash: Self.hash(of: line))
    }

    /// The place of a record, if it follows this one.
    ///
    /// - Parameter line: of the record, without its end.
    public func next(_ line: some Collection<UInt8>) -> AuditLink? {
        guard let record = StoredAuditRecord(line: line), record.sequence == sequence + 1,
            record[.previous] == hash
        else { return nil }
        return AuditLink(of: record, inLine: line)
    }

    public static func hash(of line: some Collection<UInt8>) -> String {
        SHA256.digest(of: Array(line)).hexadecimal
    }
}
