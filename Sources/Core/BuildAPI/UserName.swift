/// User names of builders that are safe in a client's configuration and on ssh's command line.
public enum UserName {
    /// Whether it is 1 to 32 of `[A-Za-z0-9_.-]`, the first of them neither `-` nor `.`.
    public static func isValid(_ text: String) -> Bool {
        guard (1...32).contains(text.utf8.count), !text.hasPrefix("-"), !text.hasPrefix(".") else {
            return false
        }
        return text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_.-".utf8.contains($0) }
    }
}
