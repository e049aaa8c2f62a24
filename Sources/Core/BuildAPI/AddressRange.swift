import Glibc

/// One address of the internet protocols, or a range of them: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/48` (RFC 4632, RFC 4291).
///
/// An IPv4 address counts as what it is in the form `::ffff:192.0.2.7` too.
public struct AddressRange: Hashable, Sendable, LosslessStringConvertible {
    /// As it was written.
    public let description: String
    private let bytes: [UInt8]
    /// How many bits of ``bytes`` count.
    private let bits: Int

    /// Nil: the text is no address and no range. A range whose address has bits after its prefix is none: someone has
    /// mistyped one of the two.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first, let bytes = Self.bytes(String(address)) else { return nil }
        // The mapped form of an IPv4 address has 96 bits before it.
        let isIPv4 = !address.contains(":")
        var bits = 128
        if parts.count == 2 {
            let digits = parts[1]
            guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let length = Int(digits), length <= (isIPv4 ? 32 : 128)
            else { return nil }
            bits = isIPv4 ? length + 96 : length
        }
        guard bytes == Self.prefix(of: bytes, bits: bits) else { return nil }
        (description, self.bytes, self.bits) = (text, bytes, bits)
    }

    /// Whether an address is in it; no text that is none.
    public func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(address) else { return false }
        return Self.prefix(of: other, bits: bits) == bytes
    }

    public static func == (one: AddressRange, other: AddressRange) -> Bool {
        one.bytes == other.bytes && one.bits == other.bits
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes)
        hasher.combine(bits)
    }

    /// The 16 bytes of an IPv6 address, or of an IPv4 address in its mapped form (RFC 4291, section 2.5.5.2).
    private static func bytes(_ address: String) -> [UInt8]? {
        guard !address.utf8.contains(0) else { return nil }
        var four = [UInt8](repeating: 0, count: 4)
        if inet_pton(AF_INET, address, &four) == 1 {
            return [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + four
        }
        var all = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET6, address, &all) == 1 ? all : nil
    }

    private static func prefix(of bytes: [UInt8], bits: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let rest = bits - index * 8
            return rest >= 8 ? byte : rest <= 0 ? 0 : byte & ~(0xff >> UInt8(rest))
        }
    }
}
