/// The id of a job: 1 to 64 of `[A-Za-z0-9_-]`, the first of them a letter or a digit.
///
/// A build service can be stricter (builds.sr.ht has digits only), but not laxer, so that a job's id is safe in
/// a path, in a URL and in a message.
public struct JobID: Hashable, Sendable, LosslessStringConvertible {
    public let description: String

    /// Nil if the text is not the id of a job.
    public init?(_ text: some StringProtocol) {
        guard let identifier = JobID(bytes: text.utf8) else { return nil }
        self = identifier
    }

    /// Nil if the bytes are not the id of a job.
    public init?(bytes: some Collection<UInt8>) {
        guard let first = bytes.first, first.isASCIILetterOrDigit, bytes.count <= 64,
            bytes.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
            )
        else { return nil }
        description = String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    package var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
