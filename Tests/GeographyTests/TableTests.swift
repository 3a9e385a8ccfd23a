import Foundation
import Geography
import Primitives
import Testing

struct TableTests {
    private static let four = """
        # INTERVALS 1.2.3.0-1.2.3.255
        16909056,16909311,DE
        16909312,16909567,DE
        16909824,16910079,JP
        3405803776,3405804031,??
        3758096383,3758096383,US
        """
    private static let six = """
        # comment
        2001:200::,2001:200:134:ffff:ffff:ffff:ffff:ffff,JP
        2001:506:9::4,2001:506:9::5,BR
        2a00::,2a00:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE

        """

    private func atlas(_ four: String = four, _ six: String? = six) throws -> Atlas {
        let folder = try Folder()
        try folder.write(four, to: "geoip")
        if let six { try folder.write(six, to: "geoip6") }
        return try Atlas(.path(folder.path))
    }

    private func countries(_ addresses: [String], in atlas: Atlas) -> [String?] {
        addresses.map { atlas.country(of: address($0)) }
    }

    @Test func everyRangeReachesFromItsFirstToItsLastAddress() throws {
        let atlas = try atlas()
        let addresses = [
            "1.2.2.255", "1.2.3.0", "1.2.4.255", "1.2.5.0", "1.2.5.255", "1.2.6.0", "1.2.6.255", "1.2.7.0",
        ]
        #expect(countries(addresses, in: atlas) == [nil, "DE", "DE", nil, nil, "JP", "JP", nil])
        #expect(countries(["203.0.114.7", "223.255.255.254", "223.255.255.255"], in: atlas) == [nil, nil, "US"])
        #expect(atlas.place(of: address("1.2.3.4")) == Country.place(of: "DE"))
        #expect(atlas.place(of: address("1.2.5.4")) == nil)
    }

    @Test func rangesOfIPv6MayEndAnywhere() throws {
        let addresses = [
            "2001:1ff::", "2001:200::", "2001:200:134:ffff:ffff:ffff:ffff:ffff", "2001:200:135::", "2001:506:9::3",
            "2001:506:9::4", "2001:506:9::5", "2001:506:9::6", "2a00:1450::1", "2a01::",
        ]
        #expect(
            countries(addresses, in: try atlas()) == [nil, "JP", "JP", nil, nil, "BR", "BR", nil, "DE", nil])
    }

    @Test func privateAddressesHaveNoPlaceWhateverATableSays() throws {
        let atlas = try atlas("167772160,184549375,US\n", nil)
        #expect(countries(["10.1.2.3"], in: atlas) == [nil])
        #expect(atlas.place(of: address("10.1.2.3")) == nil)
    }

    @Test func theLastAddressesOfAllAreARangeToo() throws {
        let six = "3fff::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n"
        let atlas = try atlas("0,4294967295,JP\n", six)
        #expect(countries(["1.0.0.0", "223.255.255.255", "3fff:ffff::1"], in: atlas) == ["JP", "JP", "DE"])
        #expect(countries(["2fff::1"], in: atlas) == [nil])
    }

    @Test func linesMayEndAsOnWindowsOrNotAtAll() throws {
        let atlas = try atlas("# c\r\n16909056,16909311,DE\r\n\r\n16909824,16910079,JP", nil)
        #expect(countries(["1.2.3.4", "1.2.6.7"], in: atlas) == ["DE", "JP"])
    }

    @Test(arguments: [
        "16909056,16909311", "16909056,16909311,DEU", "16909056,16909311,", "x,16909311,DE", "16909056,,DE",
        ",16909311,DE", "16909311,16909056,DE", "16909056,4294967296,DE", "1.2.3.0,1.2.3.255,DE", "\0\0\0",
        "16909056,16909311,DE\n16909300,16909400,JP", "16909056,16909311,DE,extra", "-5,16909311,DE",
    ])
    func aLineThatDoesNotReadIsNamed(text: String) throws {
        let folder = try Folder()
        let path = try folder.write("# first\n" + text + "\n", to: "geoip")
        let line = text.split(separator: "\n").count + 1
        let error = #expect(throws: GeographyError.self) { try Atlas(.path(folder.path)) }
        #expect(
            error?.description == "Line \(line) of the country table \(path) does not read as first,last,CC in rising "
                + "order: reinstall it (tor-geoipdb), or choose another with --geo.")
    }

    @Test func aTableOfIPv6ThatDoesNotReadIsNamedToo() throws {
        let folder = try Folder()
        try folder.write(Self.four, to: "geoip")
        try folder.write("2001:200::,2001:xyz::,JP\n", to: "geoip6")
        let error = #expect(throws: GeographyError.self) { try Atlas(.path(folder.path)) }
        #expect(error?.description.hasPrefix("Line 1 of the country table \(folder.path)/geoip6 does not read") == true)
    }

    @Test func emptyTablesPlaceNothing() throws {
        let atlas = try atlas("", "")
        #expect(countries(["1.2.3.4", "2a00::1"], in: atlas) == [nil, nil])
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/tor/geoip6")))
    func theInstalledTablesPlaceWellKnownAddresses() throws {
        let atlas = try Atlas(.path("/usr/share/tor"))
        #expect(atlas.source == "the country tables /usr/share/tor/geoip and /usr/share/tor/geoip6")
        // Universities and registries that have been where they are for decades.
        let addresses = ["141.20.1.1", "192.36.148.17", "130.59.31.251", "133.11.0.1", "18.9.22.69", "2001:200::1"]
        #expect(countries(addresses, in: atlas) == ["DE", "SE", "CH", "JP", "US", "JP"])
        var generator = Generator(seed: 1)
        let placed = (0..<10_000).filter { _ in
            let random = IPAddress.v4(UInt32.random(in: 0x0100_0000...0xDFFF_FFFF, using: &generator))
            return atlas.place(of: random) != nil
        }
        #expect(placed.count > 9_000)
    }
}
