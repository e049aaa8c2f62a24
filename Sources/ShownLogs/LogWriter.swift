import BuildAPI
import Presentation

/// Writes several logs on one stream: the set-up log unchanged, each task's with `[task] ` before every line.
///
/// Partial lines are shown at once. When another log or a message interrupts one, it is broken with a newline and continues
/// after its own name. A name has no style, and nothing that a log does reaches a name (``EscapeFilter``).
struct LogWriter {
    private enum Cursor: Equatable {
        case lineStart
        /// The named log will overwrite its line, unless a newline follows.
        case afterCarriageReturn(String)
        case inLine(String)
    }

    private let isRaw: Bool
    private var filters: [String: EscapeFilter] = [:]
    private var cursor = Cursor.lineStart

    /// - Parameter raw: bytes pass unchanged.
    init(raw: Bool) {
        isRaw = raw
    }

    /// What to print for these bytes of a log.
    mutating func print(_ bytes: some Sequence<UInt8>, of log: String) -> [UInt8] {
        let bytes = isRaw ? Array(bytes) : filters[log, default: EscapeFilter()].filter(bytes)
        guard !bytes.isEmpty else { return [] }
        var printed: [UInt8] = []
        printed.reserveCapacity(bytes.count + 16)
        switch cursor {
        case .inLine(let other) where other != log, .afterCarriageReturn(let other) where other != log:
            printed += breakLine()
        default: break
        }
        let prefix = log == LogName.job ? [] : Array("[\(HostileText.printable(log))] ".utf8)
        for byte in bytes {
            switch cursor {
            case .inLine: break
            case .afterCarriageReturn where byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r"): break
            case .lineStart, .afterCarriageReturn: printed += prefix
            }
            printed.append(byte)
            cursor =
                switch byte {
                case UInt8(ascii: "\n"): .lineStart
                case UInt8(ascii: "\r"): .afterCarriageReturn(log)
                default: .inLine(log)
                }
        }
        return printed
    }

    /// What to print before something else than a log: the end of an unfinished line.
    mutating func breakLine() -> [UInt8] {
        defer { cursor = .lineStart }
        switch cursor {
        case .lineStart: return []
        case .inLine(let log), .afterCarriageReturn(let log):
            filters[log]?.lineWasBroken()
            return [UInt8(ascii: "\n")]
        }
    }

    /// What to print when nothing follows.
    mutating func finish() -> [UInt8] {
        var printed: [UInt8] = []
        // CAN ends whatever has begun, a character too.
        for log in filters.keys.sorted() { printed += print(CollectionOfOne(0x18), of: log) }
        return printed + breakLine()
    }
}
