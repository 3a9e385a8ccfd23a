import Primitives
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::", "::"), ("::1", "::1"), ("2001:DB8::1", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::ffff:192.0.2.1", "192.0.2.1"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1::", "1::"),
    ])
    func `addresses are read in every spelling and written in one`(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.+4", "1.2.3.", ":", ":::", "1::2::3", "12345::",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::+1", "::-0", "::g", "1.2.3.4::", "::1%eth0",
        "1.2.3.4:80",
    ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `endpoints read back, and sloppy ones do not`() {
        for text in ["192.0.2.1:8080", "[2001:db8::1]:80", "[::]:0"] { #expect(Endpoint(text)?.description == text) }
        for text in [
            "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:+80", "192.0.2.1:-0", "::1:80", "[::1:80",
            "host:80",
        ] {
            #expect(Endpoint(text) == nil, "\(text)")
        }
    }

    @Test func `addresses of one's own house are told from those of the world`() {
        for text in [
            "127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.0.1", "100.64.0.1", "::1", "fe80::1",
            "fc00::1", "ff02::1", "0.0.0.0", "192.0.0.8", "192.0.2.9", "192.88.99.1", "198.19.255.255", "198.51.100.1",
            "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::ffff:10.0.0.1",
            "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "100::1", "2001::1", "2001:2::1", "2001:10::1",
            "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::", "3fff:fff:ffff::1", "fec0::1", "ff0e::1", "5f00::1",
        ] {
            #expect(IPAddress(text)?.isPrivate == true, "\(text)")
        }
        for text in [
            "8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "::ffff:8.8.8.8", "198.20.0.1", "223.255.255.255",
            "2001:200::1",
            "2003::1", "3fff:1000::1", "3ffe::1",
        ] {
            #expect(IPAddress(text)?.isPrivate == false, "\(text)")
        }
        #expect(IPAddress("127.9.9.9")?.isLoopback == true && IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("128.0.0.1")?.isLoopback == false)
    }

    @Test func `an IPv4 address has one form on the wire`() throws {
        let mapped: [UInt8] = [6] + Array(repeating: 0, count: 10) + [255, 255, 127, 0, 0, 1, 0, 80]
        #expect(throws: WireError.malformed("an IPv4 address in the form of IPv6")) { try Endpoint(wireBytes: mapped) }
        let plain = try #require(Endpoint("127.0.0.1:80"))
        #expect(try Endpoint(wireBytes: plain.wireBytes) == plain)
    }
}
