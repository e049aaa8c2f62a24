/// The NIST curves of ECDSA keys (SP 800-186, y² = x³ − 3x + b modulo p), to tell a key from a damaged one.
///
/// Everything here is public, so no time has to be constant.
struct EllipticCurve {
    /// Its name in a key (RFC 5656 section 10.1).
    let name: String
    private let p: Number
    private let b: Number
    private let byteCount: Int

    /// Whether an uncompressed point (SEC 1 section 2.3.3) is on the curve. sshd takes no other form.
    func hasPoint(_ point: ArraySlice<UInt8>) -> Bool {
        guard point.first == 4, point.count == 1 + 2 * byteCount else { return false }
        let x = Number(point.dropFirst().prefix(byteCount), words: p.words.count)
        let y = Number(point.suffix(byteCount), words: p.words.count)
        guard x < p, y < p else { return false }
        let cube = product(product(x, x), x)
        let threefold = sum(sum(x, x), x)
        return sum(product(y, y), threefold) == sum(cube, b)
    }

    private func sum(_ one: Number, _ other: Number) -> Number {
        let sum = one.plus(other)
        return sum < p ? sum : sum.minus(p)
    }

    private func product(_ one: Number, _ other: Number) -> Number {
        var result = Number([], words: p.words.count)
        for bit in stride(from: byteCount * 8 - 1, through: 0, by: -1) {
            result = sum(result, result)
            if one.words[bit / 32] >> UInt32(bit % 32) & 1 == 1 { result = sum(result, other) }
        }
        return result
    }

    private init(_ name: String, p: String, b: String) {
        self.name = name
        let (p, b) = (Self.bytes(p), Self.bytes(b))
        byteCount = p.count
        // One bit more than a number of the curve has is needed for a sum.
        let words = (p.count + 4) / 4
        self.p = Number(p[...], words: words)
        self.b = Number(b[...], words: words)
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    static let nistp256 = EllipticCurve(
        "nistp256",
        p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
    static let nistp384 = EllipticCurve(
        "nistp384",
        p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef")
    static let nistp521 = EllipticCurve(
        "nistp521", p: "01" + String(repeating: "f", count: 130),
        b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109"
            + "e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00")
}

/// A number of a fixed size, the least significant word first.
private struct Number: Comparable {
    var words: [UInt32]

    init(_ bytes: ArraySlice<UInt8>, words count: Int) {
        words = [UInt32](repeating: 0, count: count)
        for (index, byte) in bytes.reversed().enumerated() {
            words[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
        }
    }

    func plus(_ other: Number) -> Number {
        var result = self
        var carry: UInt64 = 0
        for index in words.indices {
            carry += UInt64(words[index]) + UInt64(other.words[index])
            result.words[index] = UInt32(truncatingIfNeeded: carry)
            carry >>= 32
        }
        return result
    }

    /// The other one is not greater.
    func minus(_ other: Number) -> Number {
        var result = self
        var borrow: Int64 = 0
        for index in words.indices {
            borrow += Int64(words[index]) - Int64(other.words[index])
            result.words[index] = UInt32(truncatingIfNeeded: borrow)
            borrow >>= 32
        }
        return result
    }

    static func < (one: Number, other: Number) -> Bool {
        for index in one.words.indices.reversed() where one.words[index] != other.words[index] {
            return one.words[index] < other.words[index]
        }
        return false
    }
}
