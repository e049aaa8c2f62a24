import BuildAPI
import Testing

struct AddressRangeTests {
    private static let inside = [
        ("192.0.2.7", "192.0.2.7"), ("192.0.2.0/24", "192.0.2.255"), ("0.0.0.0/0", "203.0.113.9"),
        ("192.0.2.128/25", "192.0.2.129"), ("192.0.2.7/32", "::ffff:192.0.2.7"),
        ("::ffff:192.0.2.0/120", "192.0.2.1"), ("2001:db8::/33", "2001:db8:7fff::1"), ("::/0", "2001:db8::1"),
        ("2001:db8::1", "2001:db8:0:0::1"),
    ]

    @Test(arguments: inside)
    func holds(range: String, address: String) throws {
        #expect(try #require(AddressRange(range)).contains(address))
    }

    private static let outside = [
        ("192.0.2.7", "192.0.2.8"), ("192.0.2.0/24", "192.0.3.0"), ("192.0.2.128/25", "192.0.2.127"),
        ("0.0.0.0/0", "2001:db8::1"), ("::/0", "192.0.2.7"), ("::/0", "::ffff:192.0.2.7"),
        ("2001:db8::/33", "2001:db8:8000::1"), ("192.0.2.0/24", ""),
        ("192.0.2.0/24", "192.0.2"), ("::/0", "elsewhere"), ("192.0.2.0/24", "192.0.2.7\0"),
    ]

    @Test(arguments: outside)
    func doesNotHold(range: String, address: String) throws {
        #expect(try !#require(AddressRange(range)).contains(address))
    }

    @Test(arguments: [
        "", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/+8", "192.0.2.1/24", "192.0.2/24", "::/129",
        "2001:db8::1/64",
        "192.0.2.0/24/24", "localhost", " 192.0.2.7", "fe80::1%eth0", "192.0.2.0/0x8", "192.0.2.0/0008",
    ])
    func isNone(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test func equalRangesCanBeWrittenDifferently() {
        #expect(AddressRange("::ffff:192.0.2.0/120") == AddressRange("192.0.2.0/24"))
        #expect(AddressRange("192.0.2.0/24") != AddressRange("192.0.2.0/25"))
    }
}
