/// The words of a command line; what is behind them can be taken as it is.
struct Words {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...].drop(while: Self.isBlank)
    }

    /// The next word without taking it. Bytes that are not UTF-8 become U+FFFD, which no word of ours holds.
    func peek() -> String? {
        let word = bytes.prefix { !Self.isBlank($0) }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }

    mutating func next() -> String? {
        defer { bytes = bytes.drop { !Self.isBlank($0) }.drop(while: Self.isBlank) }
        return peek()
    }

    /// Everything that has not been taken, trailing blanks included.
    var rest: [UInt8] { Array(bytes) }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
