extension String {
    /// Without the blanks and newlines at its end.
    var trimmed: String { String(self[..<(lastIndex { !$0.isWhitespace }.map(index(after:)) ?? startIndex)]) }
}
