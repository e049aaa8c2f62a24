/// Follows the chain of a file of records, from one line to the next.
public struct AuditChain: Sendable {
    /// What is wrong with a line.
    public enum Fault: Equatable, Sendable {
        /// The line is no record: it was cut off or changed.
        case unreadable
        /// Records between these two are missing.
        case missing(after: Int, before: Int)
        /// The record comes again, or after a later one.
        case outOfOrder(Int, after: Int)
        /// The record before this one was changed, or this one was.
        case changed(Int)
    }

    /// The first record; those before it have been removed.
    public private(set) var first: AuditLink?
    public private(set) var last: AuditLink?
    public private(set) var count = 0

    public init() {}

    /// Takes the next line, without its end.
    ///
    /// - Returns: what is wrong with it; nil: nothing.
    public mutating func take(_ line: some Collection<UInt8>) -> Fault? {
        guard let record = StoredAuditRecord(line: line), let link = AuditLink(of: record, inLine: line)
        else {
            return .unreadable
        }
        defer {
            first = first ?? link
            last = link
            count += 1
        }
        let previous = record[.previous]
        guard let last else { return link.sequence == 1 && previous != nil ? .changed(1) : nil }
        guard link.sequence > last.sequence else { return .outOfOrder(link.sequence, after: last.sequence) }
        guard link.sequence == last.sequence + 1 else {
            return .missing(after: last.sequence, before: link.sequence)
        }
        return previous == last.hash ? nil : .changed(last.sequence)
    }
}
