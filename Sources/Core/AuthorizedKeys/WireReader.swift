/// Reads the data types of the SSH wire format (RFC 4251 section 5) from the front of a blob.
struct WireReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Collection<UInt8>) {
        rest = ArraySlice(bytes)
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// A `string`: four bytes of length, then that many bytes. Nil if the blob ends too early.
    mutating func string() -> ArraySlice<UInt8>? {
        guard let length = uint32(), rest.count >= length else { return nil }
        let value = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        return value
    }

    /// An `mpint` that is positive and minimal: each number has one form only, so that each key has one fingerprint.
    mutating func positiveNumber() -> ArraySlice<UInt8>? {
        guard let bytes = string(), let first = bytes.first, first & 0x80 == 0 else { return nil }
        guard first != 0 || bytes.dropFirst().first.map({ $0 & 0x80 != 0 }) == true else { return nil }
        return bytes
    }

    /// A `uint32`, most significant byte first.
    mutating func uint32() -> UInt32? {
        guard let bytes = take(4) else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A `uint64`, most significant byte first.
    mutating func uint64() -> UInt64? {
        guard let bytes = take(8) else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// Appends a `string` of RFC 4251 section 5.
func appendWireString(_ value: some Collection<UInt8>, to blob: inout [UInt8]) {
    let length = UInt32(value.count)
    for shift in [24, 16, 8, 0] as [UInt32] { blob.append(UInt8(truncatingIfNeeded: length >> shift)) }
    blob += value
}
