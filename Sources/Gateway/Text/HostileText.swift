/// Text that came from a service, a builder or a client, made harmless for a message, a table or a log record.
enum HostileText {
    /// The text on one line without anything that a terminal or a log reader acts on: control characters of both sets,
    /// line and paragraph separators, and marks that turn the direction of writing.
    static func printable(_ text: String, limit: Int = 2000) -> String {
        var result = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else {
                result.append("…")
                break
            }
            result.append(isHarmless(scalar) ? scalar : "?")
            count += 1
        }
        return String(result)
    }

    /// JSON that says the same without such characters: they can only be in its strings, where they are escaped.
    static func printable(json: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            if isHarmless(scalar) {
                result.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16)
                let escape = "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                result.append(contentsOf: escape.unicodeScalars)
            }
        }
        return String(result)
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0: false
        case 0x061c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: false
        default: true
        }
    }
}
