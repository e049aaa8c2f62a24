import BuildAPI

/// Where somebody comes from.
public enum ClientAddress {
    /// An address that nobody has: RFC 5737.
    public static let anybodys = "192.0.2.7"

    /// Whether a text is an address, and no range of them.
    public static func isValid(_ text: String) -> Bool { AddressRange(text) != nil && !text.contains("/") }
}
