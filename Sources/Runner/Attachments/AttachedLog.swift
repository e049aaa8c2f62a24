import FoundationEssentials

/// The output of an attached machine's command, as its gateway sends it.
struct AttachedLog: Sendable {
    /// Which request writes it: the last one that has begun.
    var writer: UInt64 = 0
    /// How many requests write it.
    var writers = 0
    /// Whether its last words say that something is missing.
    var hasGap = false
    /// When it ends if nobody writes it then; nil: the command has not ended.
    var end: Date?

    /// Seconds for which it can still begin, or go on, after the command has ended.
    static let timeout = 30.0
    static let gap = "\n*** the connection was lost here, and some output can be missing ***\n"
}
