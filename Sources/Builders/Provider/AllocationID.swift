public import BuildAPI

/// The name of one allocation: the runner's own, and never used again.
///
/// `{job}-{random}`, so that it tells people which job it belongs to. Letters, digits and `-` only, at most 96 bytes: it can
/// be a word on a command line, and a part of a file's name.
public struct AllocationID: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A new one.
    public init(for job: JobID) {
        let random = String(UInt64.random(in: 0 ... .max), radix: 16)
        description = "\(job)-\(String(repeating: "0", count: 16 - random.count))\(random)"
    }

    /// One that has been stored, or that a provider names; nil: it cannot be one.
    public init?(_ text: some StringProtocol) {
        guard (1...96).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"),
            text.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        description = String(text)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
