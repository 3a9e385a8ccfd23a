import Primitives
import Testing

@testable import Geography

/// What `auto` finds, in folders of the test.
struct DiscoveryTests {
    private let data: Folder
    private let system: Folder
    private let tables: Folder

    init() throws {
        data = try Folder()
        system = try Folder()
        tables = try Folder()
    }

    private var atlas: Atlas { Atlas(searching: [data.path, system.path], tables: [tables.path]) }

    private func database(_ kind: String, _ code: String) -> DatabaseFile {
        var database = DatabaseFile(kind: kind)
        database.add(v4: [5, 6, 7, 0], length: 24, .country(code))
        return database
    }

    @Test func aDatabaseInTheDataDirectoryComesFirst() throws {
        try data.write(database("GeoLite2-Country", "DE"), to: "mine.mmdb")
        try system.write(database("GeoLite2-City", "JP"), to: "city.mmdb")
        try tables.write("84281088,84281343,US\n", to: "geoip")
        #expect(atlas.source == "the location database \(data.path)/mine.mmdb")
        #expect(atlas.country(of: address("5.6.7.8")) == "DE")
    }

    @Test func aDatabaseInTheSystemsFolderComesBeforeTables() throws {
        try system.write(database("GeoLite2-City", "JP"), to: "city.mmdb")
        try tables.write("84281088,84281343,US\n", to: "geoip")
        #expect(atlas.source == "the location database \(system.path)/city.mmdb")
    }

    @Test func citiesComeBeforeCountriesAndNetworksAreNoPlaces() throws {
        try data.write(database("GeoLite2-ASN", "FR"), to: "a.mmdb")
        try data.write(database("DBIP-Country-Lite", "DE"), to: "b.mmdb")
        try data.write(database("DBIP-City-Lite", "JP"), to: "c.mmdb")
        try data.write(database("GeoLite2-City", "US"), to: "d.mmdb")
        #expect(atlas.source == "the location database \(data.path)/c.mmdb")
        #expect(
            atlas.skipped == [
                "The database \(data.path)/a.mmdb is a GeoLite2-ASN, which does not say where addresses are: choose one "
                    + "of cities or countries with --geo."
            ])
    }

    @Test func tablesComeLast() throws {
        try tables.write("84281088,84281343,US\n", to: "geoip")
        #expect(atlas.source == "the country table \(tables.path)/geoip, IPv4 only")
        #expect(atlas.country(of: address("5.6.7.8")) == "US")
    }

    @Test func whatIsBrokenIsPassedOverAndTold() throws {
        try data.write("broken", to: "x.mmdb")
        try tables.write("broken\n", to: "geoip")
        #expect(atlas.source == "nothing: install tor-geoipdb, or name a *.mmdb with --geo")
        #expect(atlas.skipped.count == 2)
        #expect(atlas.skipped.first?.hasPrefix("The location database \(data.path)/x.mmdb cannot be opened") == true)
        #expect(atlas.skipped.last?.hasPrefix("Line 1 of the country table \(tables.path)/geoip") == true)
        #expect(atlas.place(of: address("5.6.7.8")) == nil)
    }

    @Test func nothingIsFoundWhereNothingIs() {
        #expect(atlas.source == Atlas().source)
        #expect(atlas.skipped == [])
    }

    @Test func aTableFileMayBeNamedItself() throws {
        let path = try tables.write("84281088,84281343,US\n", to: "geoip")
        try tables.write("2a00::,2a00::ffff,DE\n", to: "geoip6")
        let atlas = try Atlas(.path(path))
        #expect(atlas.source == "the country tables \(path) and \(path)6")
        #expect(atlas.country(of: address("2a00::1")) == "DE")
    }
}
