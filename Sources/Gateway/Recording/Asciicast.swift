import BuildAPI
import FoundationEssentials
import SSHClient

/// The text of a recording: asciicast, version 2. A line of JSON about the terminal, and then one for each thing that happened.
struct Asciicast {
    /// The beginning of a character whose other bytes come with the next output.
    private var incomplete: [UInt8] = []

    private struct Header: Encodable {
        let version = 2
        let width: Int
        let height: Int
        let timestamp: Int
        let title: String
        let env: [String: String]
    }

    /// The first line.
    static func header(_ size: TerminalSize, type: String, title: String, at moment: Date) -> String {
        // Players divide by them.
        let header = Header(
            width: max(1, size.columns), height: max(1, size.rows),
            timestamp: Int(moment.timeIntervalSince1970), title: title, env: ["TERM": type])
        return line(header)
    }

    /// What the terminal was sent; nil: nothing that is complete.
    ///
    /// - Parameter time: since the first line.
    mutating func output(_ bytes: UnsafeRawBufferPointer, after time: Duration) -> String? {
        incomplete += bytes
        let end = Self.endOfCharacters(incomplete)
        guard end > 0 else { return nil }
        let text = String(decoding: incomplete[..<end], as: UTF8.self)
        incomplete.removeFirst(end)
        return Self.event("o", text, after: time)
    }

    static func resize(_ size: TerminalSize, after time: Duration) -> String {
        event("r", "\(max(1, size.columns))x\(max(1, size.rows))", after: time)
    }

    /// Where the last whole character ends. Bytes that are no character count as whole.
    private static func endOfCharacters(_ bytes: [UInt8]) -> Int {
        let lead = bytes.suffix(3).lastIndex { $0 >= 0xc0 }
        guard let lead else { return bytes.count }
        let length = bytes[lead] >= 0xf0 ? 4 : bytes[lead] >= 0xe0 ? 3 : 2
        return bytes.count - lead < length ? lead : bytes.count
    }

    private static func event(_ code: String, _ text: String, after time: Duration) -> String {
        let milliseconds =
            time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        return "[\(milliseconds / 1000).\(fraction),\"\(code)\",\(line(text))]"
    }

    private static func line(_ value: some Encodable) -> String {
        // What we encode can always be encoded.
        String(decoding: (try? JSON.encode(value)) ?? Data("\"\"".utf8), as: UTF8.self)
    }
}
