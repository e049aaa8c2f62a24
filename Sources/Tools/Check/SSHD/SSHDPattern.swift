/// A pattern of sshd_config: `*` stands for any characters, `?` for one (PATTERNS in ssh_config(5)).
enum SSHDPattern {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        matches(Array(text.utf8)[...], Array(pattern.utf8)[...])
    }

    private static func matches(_ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var text = text
        var pattern = pattern
        while let next = pattern.popFirst() {
            switch next {
            case UInt8(ascii: "*"):
                guard !pattern.isEmpty else { return true }
                return (text.startIndex...text.endIndex).contains { matches(text[$0...], pattern) }
            case UInt8(ascii: "?"): guard text.popFirst() != nil else { return false }
            default: guard text.popFirst() == next else { return false }
            }
        }
        return text.isEmpty
    }
}
