/// Base64 as OpenSSH writes it: RFC 4648 section 4, with padding, without white space.
enum Base64 {
    /// The bytes; nil if the text is not canonical, so that two different texts never mean the same key.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var group: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                group <<= 6
            } else {
                guard padding == 0, let value = value(of: character) else { return nil }
                group = group << 6 | UInt32(value)
            }
            digits += 1
            guard digits == 4 else { continue }
            switch padding {
            case 0:
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                bytes.append(UInt8(truncatingIfNeeded: group))
            case 1:
                guard group & 0xff == 0 else { return nil }
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                bytes.append(UInt8(truncatingIfNeeded: group >> 8))
            case 2:
                guard group & 0xffff == 0 else { return nil }
                bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            default: return nil
            }
            group = 0
            digits = 0
            guard padding == 0 || bytes.count == text.count / 4 * 3 - padding else { return nil }
        }
        return bytes
    }

    /// The text; `padded` as in an authorized_keys line, else as in a fingerprint.
    static func encode(_ bytes: some Collection<UInt8>, padded: Bool = true) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var group: UInt32 = 0
        var count = 0
        func flush() {
            for digit in 0...count { text.append(alphabet[Int(group >> (18 - 6 * UInt32(digit)) & 63)]) }
            if padded { for _ in count..<3 { text.append(UInt8(ascii: "=")) } }
        }
        for byte in bytes {
            group |= UInt32(byte) << (16 - 8 * UInt32(count))
            count += 1
            if count == 3 {
                flush()
                group = 0
                count = 0
            }
        }
        if count > 0 { flush() }
        return String(decoding: text, as: UTF8.self)
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
