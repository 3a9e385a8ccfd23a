import Primitives
import Testing

@Suite("A block of addresses") struct AddressRangeTests {
    @Test(
        "holds what shares its first bits, and nothing else",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"), ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("192.0.2.128/25", "192.0.2.200", "192.0.2.127"), ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "203.0.113.9"), ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::/64", "2001:db8::ffff:0:0:1", "2001:db8:0:1::"),
            ("2001:db8::80/121", "2001:db8::ff", "2001:db8::7f"),
            ("::1", "::1", "::"), ("::ffff:10.1.2.3", "10.1.2.3", "10.1.2.4"),
        ])
    func contains(range: String, inside: String, outside: String) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(IPAddress(inside))))
        #expect(!range.contains(try #require(IPAddress(outside))))
    }

    @Test(
        "is written from its first address",
        arguments: [("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("2001:db8::1/33", "2001:db8::/33")])
    func description(text: String, canonical: String) {
        #expect(AddressRange(text)?.description == canonical)
    }

    @Test(
        "is nothing without an address, or with more bits than that has",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/0x8",
            "::/129",
            "example.org/8", "10.0.0.0 /8", "10.0.0.0/0000000008",
        ])
    func malformed(text: String) {
        #expect(AddressRange(text) == nil)
    }
}
