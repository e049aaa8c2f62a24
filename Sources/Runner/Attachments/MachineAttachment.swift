import BuildAPI
import FoundationEssentials

/// The connection of an attached machine to its gateway, as its job remembers it.
struct MachineAttachment: Equatable, Sendable {
    /// The name of the one task of such a job.
    static let task = "attached"

    /// 32 hexadecimal digits, which renew the lease and end the attachment; nil: it has ended, and the machine is away.
    var id: String?
    /// Of the word with which the same machine comes back.
    var secret: AttachmentSecret.Hash
    /// When the lease runs out. It is not stored: after a restart, every lease begins anew.
    var expires: Date
    /// Since when the machine is away; nil: it is not.
    var awaySince: Date?
    /// How many seconds its builder waits for someone to enter it first.
    var wait: Int
    /// How many seconds it waits after the last session.
    var idle: Int

    /// Whether an attachment can have this id: 1 to 64 of `[A-Za-z0-9]`.
    static func isID(_ word: String) -> Bool {
        (1...64).contains(word.utf8.count) && word.utf8.allSatisfy(\.isLetterOrDigit)
    }

    static func newID() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
