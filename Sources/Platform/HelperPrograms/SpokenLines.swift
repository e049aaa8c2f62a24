/// Cuts what a program says into lines, as far as anyone wants to read them. No I/O.
package struct SpokenLines: Sendable {
    /// Bytes of one line; the rest is cut off.
    static let longestLine = 400
    /// How many lines of one program count.
    static let mostLines = 500
    /// Bytes of ``tail``.
    static let longestTail = 4096

    private var line: [UInt8] = []
    private var count = 0
    private var last: [UInt8] = []

    package init() {}

    /// The lines that are complete now, not empty. A carriage return ends a line, too: it is a progress bar's.
    package mutating func append(_ bytes: [UInt8]) -> [String] {
        last += bytes.suffix(Self.longestTail)
        if last.count > 2 * Self.longestTail { last.removeFirst(last.count - Self.longestTail) }
        var complete: [String] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                complete += finish()
            } else if line.count < Self.longestLine {
                line.append(byte)
            }
        }
        return complete
    }

    /// The line that has no end.
    package mutating func finish() -> [String] {
        defer { line = [] }
        guard !line.isEmpty, count <= Self.mostLines else { return [] }
        count += 1
        guard count <= Self.mostLines else { return ["(more lines are not shown)"] }
        return [String(decoding: line, as: UTF8.self)]
    }

    /// The end of all that was said.
    package var tail: String { String(decoding: last.suffix(Self.longestTail), as: UTF8.self) }
}
