import Presentation

/// A character that people do not see, or take for an ordinary blank.
struct InvisibleCharacter: Equatable {
    let scalar: Unicode.Scalar

    /// Nil: it can be seen, or is a blank.
    init?(_ scalar: Unicode.Scalar) {
        let isOddBlank = !scalar.isASCII && scalar.properties.generalCategory == .spaceSeparator
        guard scalar.isInvisible || isOddBlank else { return nil }
        self.scalar = scalar
    }

    /// Whether it cannot be anywhere in a manifest: YAML does not allow it, or a part of YAML takes it for the end of a
    /// line.
    var isRefusedEverywhere: Bool {
        switch scalar.value {
        case 0x09, 0x0a, 0x0d: false
        case 0xfeff, 0x2028, 0x2029: true
        default: scalar.properties.generalCategory == .control
        }
    }

    /// What it is, and what to do: `a no-break space (U+00A0); write an ordinary blank`.
    var sentence: String { "\(name); \(remedy)" }

    private var name: String {
        let code = String(scalar.value, radix: 16, uppercase: true)
        let number = "(U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code))"
        switch scalar.value {
        case 0x09: return "a tab"
        case 0x00: return "a NUL \(number)"
        case 0x1b: return "an escape character \(number)"
        case 0x01...0x1f: return "Ctrl-\(Character(Unicode.Scalar(UInt8(scalar.value) + 0x40))) \(number)"
        case 0xfeff: return "a byte order mark \(number) that is not at the beginning"
        default:
            let word = (scalar.properties.name ?? scalar.properties.nameAlias ?? "control character")
                .lowercased()
            return (word.first.map("aeiou".contains) == true ? "an " : "a ") + "\(word) \(number)"
        }
    }

    private var remedy: String {
        switch scalar.properties.generalCategory {
        case .spaceSeparator: "write an ordinary blank"
        case _ where scalar == "\t": "YAML indents with blanks"
        case .lineSeparator, .paragraphSeparator: "remove it, or begin a new line"
        default: "remove it"
        }
    }

    /// The first one in a line, from `column` on; a tab only if it is part of the indentation.
    static func first(
        in line: some Sequence<Unicode.Scalar>, from column: Int = 1
    ) -> (character: InvisibleCharacter, column: Int)? {
        var isIndentation = true
        for (index, scalar) in line.enumerated() {
            if let character = InvisibleCharacter(scalar), index + 1 >= column,
                scalar != "\t" || isIndentation
            {
                return (character, index + 1)
            }
            if scalar != " " { isIndentation = false }
        }
        return nil
    }
}
