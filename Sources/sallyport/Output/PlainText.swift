/// Text from elsewhere, made harmless for a terminal.
enum PlainText {
    /// One line: control characters, and those that turn the direction of text or are invisible, become `?`.
    static func line(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse:
                line.append("?")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}
