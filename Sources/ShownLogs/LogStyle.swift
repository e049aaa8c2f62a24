/// The colours and styles that a log has chosen on its line (`ESC [ … m`, ECMA-48, SGR), and which of them the terminal shows.
///
/// They are sent before the next character and ended after it, before anything else can be printed.
struct LogStyle {
    /// Bytes. A log that never ends its styles keeps the last one only.
    private static let limit = 256
    private static let reset = Array("\u{1b}[0m".utf8)

    /// The sequences that the log has sent since it ended its styles.
    private var chosen: [UInt8] = []
    private var shown: [UInt8] = []
    private var isCurrent = true

    /// - Parameter parameters: of one sequence.
    mutating func choose(_ parameters: [UInt8]) {
        var parameters = parameters[...]
        // 0, also when it is left out, ends all that came before.
        while true {
            let end = parameters.firstIndex(of: UInt8(ascii: ";")) ?? parameters.endIndex
            guard parameters[..<end].allSatisfy({ $0 == UInt8(ascii: "0") }) else { break }
            chosen = []
            isCurrent = false
            guard end < parameters.endIndex else { return }
            parameters = parameters[(end + 1)...]
        }
        let sequence = [0x1b, UInt8(ascii: "[")] + parameters + [UInt8(ascii: "m")]
        chosen = chosen.count + sequence.count > Self.limit ? sequence : chosen + sequence
        isCurrent = false
    }

    /// Makes the terminal show it: a character follows.
    mutating func show(_ output: inout [UInt8]) {
        guard !isCurrent else { return }
        isCurrent = true
        if !chosen.starts(with: shown) {
            output += Self.reset
            shown = []
        }
        output += chosen.dropFirst(shown.count)
        shown = chosen
    }

    /// Makes the terminal show none: something else may be printed before this log goes on.
    mutating func pause(_ output: inout [UInt8]) {
        if !shown.isEmpty { output += Self.reset }
        shown = []
        isCurrent = chosen.isEmpty
    }

    /// Forgets it as well: its line has ended.
    mutating func end(_ output: inout [UInt8]) {
        pause(&output)
        forget()
    }

    /// What comes next has no style, unless the log chooses one again.
    mutating func forget() {
        chosen = []
        isCurrent = shown.isEmpty
    }
}
