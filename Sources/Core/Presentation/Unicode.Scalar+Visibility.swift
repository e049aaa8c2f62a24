extension Unicode.Scalar {
    /// Whether a terminal acts on it, or readers see nothing of it: a control, the end of a line or of a paragraph, a
    /// mark of direction or another format character, or a letter or mark that is there to be ignored.
    ///
    /// The sixteen variation selectors that people write, such as U+FE0F after a heart, are not among these; the 240 others
    /// are.
    public var isInvisible: Bool {
        // Most text is, and the tables of Unicode are slow.
        guard !isASCII else { return value < 0x20 || value == 0x7f }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        case .nonspacingMark: !(0xfe00...0xfe0f).contains(value) && properties.isDefaultIgnorableCodePoint
        default: properties.isDefaultIgnorableCodePoint
        }
    }
}
