extension Unicode.Scalar {
    /// Whether a terminal acts on it, or readers see nothing of it: a control, the end of a line or of a paragraph, a
    /// mark of direction or another format character, or a letter that is there to be ignored.
    ///
    /// Marks that only change the character before them, such as U+FE0F, are not among these.
    public var isInvisible: Bool {
        // Most text is, and the tables of Unicode are slow.
        guard !isASCII else { return value < 0x20 || value == 0x7f }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        case .nonspacingMark: false
        default: properties.isDefaultIgnorableCodePoint
        }
    }
}
