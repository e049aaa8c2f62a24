/// Host names that are safe in a client's configuration.
public enum HostName {
    /// Whether it is 1 to 253 of `[A-Za-z0-9.-]`, the first of them a letter or a digit: a name or an IPv4 address.
    public static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, first.isASCIILetterOrDigit, bytes.count <= 253 else { return false }
        return bytes.allSatisfy {
            $0.isASCIILetterOrDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
        }
    }
}
