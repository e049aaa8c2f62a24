import BuildAPI

/// Text from a service, a builder, a client or a file, made harmless for a message, a table or a log record.
public enum HostileText {
    /// The text on one line, without anything that a terminal or a log reader acts on, and without invisible text:
    /// control characters, line and paragraph separators, marks that change the direction of writing, and everything
    /// that Unicode calls a format character, private, or unassigned. Each becomes a `?`.
    ///
    /// - Parameter limit: how many scalars at most; more are cut off, with an ellipsis.
    public static func printable(_ text: String, limit: Int = 2000) -> String {
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

    /// The value as API v1's JSON, without such characters: they can only be in its strings, where they are escaped
    /// (RFC 8259, section 7), so that nothing is lost.
    public static func json(_ value: some Encodable) throws -> String {
        var result = String.UnicodeScalarView()
        for scalar in String(decoding: try JSON.encode(value), as: UTF8.self).unicodeScalars {
            if isHarmless(scalar) {
                result.append(scalar)
            } else {
                for unit in String(scalar).utf16 { result.append(contentsOf: escape(unit).unicodeScalars) }
            }
        }
        return String(result)
    }

    private static func escape(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .unassigned, .privateUse: false
        default: !scalar.isInvisible
        }
    }
}
