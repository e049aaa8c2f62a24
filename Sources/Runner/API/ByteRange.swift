/// The part of the Range header (RFC 9110, section 14.2) that logs need: one range of bytes.
enum ByteRange: Equatable, Sendable {
    case from(Int)
    case fromTo(Int, Int)
    case last(Int)

    /// Nil: absent, malformed or more than one range; such a header is ignored, as the RFC allows.
    init?(_ header: String?) {
        guard let header, header.hasPrefix("bytes=") else { return nil }
        let parts = header.dropFirst("bytes=".count).split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch (Self.number(parts[0]), Self.number(parts[1])) {
        case (let first?, nil) where parts[1].isEmpty: self = .from(first)
        case (let first?, let last?) where first <= last: self = .fromTo(first, last)
        case (nil, let count?) where parts[0].isEmpty: self = .last(count)
        default: return nil
        }
    }

    /// The bytes it selects from that many; nil: none.
    func resolved(size: Int) -> Range<Int>? {
        switch self {
        case .from(let first): first < size ? first..<size : nil
        case .fromTo(let first, let last): first < size ? first..<(min(last, size - 1) + 1) : nil
        case .last(let count): count > 0 && size > 0 ? max(0, size - count)..<size : nil
        }
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 15, text.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            return nil
        }
        return Int(text)
    }
}
