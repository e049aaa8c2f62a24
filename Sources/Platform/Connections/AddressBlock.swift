import Glibc

/// Addresses that probably belong to one owner.
public struct AddressBlock: Hashable, Sendable {
    private let bytes: [UInt8]

    /// An IPv4 or IPv6 network.
    ///
    /// Nil: it is not an address of the internet protocols.
    ///
    /// - Parameters:
    ///   - address: as inet_pton(3) reads it.
    ///   - bytesOfIPv4: how much of an IPv4 address names its network: 4 is one address.
    ///   - bytesOfIPv6: how much of an IPv6 address does: 8 is one link (/64), 6 is what a site gets (/48).
    public init?(_ address: String, bytesOfIPv4: Int, bytesOfIPv6: Int = 8) {
        var all = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, address, &all) == 1 {
            bytes = Array(all.prefix(bytesOfIPv4))
        } else if inet_pton(AF_INET6, address, &all) == 1 {
            // ::ffff:a.b.c.d is an IPv4 address (RFC 4291, section 2.5.5.2).
            let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10...11].allSatisfy { $0 == 0xff }
            bytes = Array(isMapped ? all[12...].prefix(bytesOfIPv4) : all.prefix(bytesOfIPv6))
        } else {
            return nil
        }
    }

    /// Two hexadecimal digits for each byte.
    public var hexadecimal: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
