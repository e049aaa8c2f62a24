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
        guard let record = StoredAuditRecord(line: line), let sequence = record.sequence else { return nil }
        self.init(sequence: sequence, hash: Self.hash(of: line))
    }

    public static func hash(of line: some Collection<UInt8>) -> String {
        SHA256.digest(of: Array(line)).hexadecimal
    }
}
