/// The words of SSH_ORIGINAL_COMMAND; the rest can be taken unchanged.
public struct Words: Sendable {
    private var rest: ArraySlice<UInt8>

    public init(_ bytes: [UInt8]) {
        rest = bytes[...].drop(while: Self.isBlank)
    }

    /// The next word, without taking it. Bytes that are not UTF-8 become U+FFFD, which none of our words contains.
    public func peek() -> String? {
        let word = rest.prefix { !Self.isBlank($0) }
        return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
    }

    public mutating func next() -> String? {
        defer { rest = rest.drop { !Self.isBlank($0) }.drop(while: Self.isBlank) }
        return peek()
    }

    /// Everything that has not been taken, including trailing blanks.
    public var bytes: [UInt8] { Array(rest) }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
            || byte == UInt8(ascii: "\r")
    }
}
