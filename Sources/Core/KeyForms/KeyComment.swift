/// What stands after a key in its line: a few words of the person who has made it.
public enum KeyComment {
    /// The most bytes of UTF-8. A single character, as people count, can have any number of them.
    public static let limit = 256

    /// As much of the text as the limit allows, up to the end of a Unicode scalar.
    public static func shortened(_ text: String) -> String {
        guard text.utf8.count > limit else { return text }
        var bytes = 0
        let end = text.unicodeScalars.firstIndex { scalar in
            bytes += UTF8.width(scalar)
            return bytes > limit
        }
        return String(text.unicodeScalars[..<(end ?? text.endIndex)])
    }
}
