/// Keeps the last line of a log back until something else has been shown.
struct LastLine {
    /// A longer line is not worth waiting for.
    private static let longest = 64 << 10
    private static let newline = UInt8(ascii: "\n")
    private(set) var bytes: [UInt8] = []

    /// - Returns: what can be shown now: everything but the last line.
    mutating func take(_ more: UnsafeRawBufferPointer) -> [UInt8] {
        bytes += more
        var end = bytes.dropLast().lastIndex(of: Self.newline).map { $0 + 1 } ?? 0
        if bytes.count - end > Self.longest { end = bytes.count }
        let shown = Array(bytes[..<end])
        bytes.removeFirst(end)
        return shown
    }
}
