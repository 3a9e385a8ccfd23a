import Geography
import Primitives
import Testing

struct DatabaseTests {
    private func city(_ latitude: Double, _ longitude: Double) -> DatabaseFile.Value {
        .map([
            ("country", .map([("iso_code", .text("DE"))])),
            ("location", .map([("latitude", .number(latitude)), ("longitude", .number(longitude))])),
        ])
    }

    private func atlas(_ database: DatabaseFile) throws -> Atlas {
        let folder = try Folder()
        return try Atlas(.path(folder.write(database, to: "test.mmdb")))
    }

    @Test func coordinatesAreTakenWhereTheyAreKnown() throws {
        var database = DatabaseFile(kind: "GeoLite2-City")
        database.add(v4: [5, 6, 7, 0], length: 24, city(52.5167, 13.4))
        database.add(v6: [0x2A, 0x00, 0x14, 0x50] + Array(repeating: 0, count: 12), length: 32, city(-33.87, 151.21))
        let atlas = try atlas(database)
        #expect(atlas.place(of: address("5.6.7.8")) == Place(latitude: 52.52, longitude: 13.4))
        #expect(atlas.country(of: address("5.6.7.8")) == "DE")
        #expect(atlas.place(of: address("2a00:1450::5")) == Place(latitude: -33.87, longitude: 151.21))
        #expect(atlas.place(of: address("5.6.8.8")) == nil)
        #expect(atlas.country(of: address("2a00:1451::5")) == nil)
    }

    @Test(arguments: [
        DatabaseFile.Value.country("JP"), .map([("registered_country", .map([("iso_code", .text("JP"))]))]),
        .map([("country_code", .text("JP"))]), .map([("country", .text("jp"))]),
    ])
    func aDatabaseOfCountriesPlacesByThem(value: DatabaseFile.Value) throws {
        var database = DatabaseFile(kind: "Country")
        database.add(v4: [5, 6, 7, 0], length: 24, value)
        let atlas = try atlas(database)
        #expect(atlas.country(of: address("5.6.7.8")) == "JP")
        #expect(atlas.place(of: address("5.6.7.8")) == Country.place(of: "JP"))
    }

    @Test(arguments: [
        DatabaseFile.Value.map([]), .text("DE"), .map([("country", .text("Germany"))]), .country("??"), .country(""),
        .map([("location", .map([("latitude", .text("52"))]))]),
        .map([("location", .map([("latitude", .number(520)), ("longitude", .number(.nan))]))]),
    ])
    func anEntryThatSaysNothingUsefulPlacesNothing(value: DatabaseFile.Value) throws {
        var database = DatabaseFile(kind: "City")
        database.add(v4: [5, 6, 7, 0], length: 24, value)
        #expect(try atlas(database).place(of: address("5.6.7.8")) == nil)
    }

    @Test func privateAddressesHaveNoPlaceWhateverADatabaseSays() throws {
        var database = DatabaseFile(kind: "City")
        database.add(v4: [10, 0, 0, 0], length: 8, city(1, 1))
        #expect(try atlas(database).place(of: address("10.0.0.1")) == nil)
    }

    @Test func aFileThatIsNoDatabaseIsRefusedInASentence() throws {
        let folder = try Folder()
        let path = try folder.write("not a database", to: "broken.mmdb")
        let error = #expect(throws: GeographyError.self) { try Atlas(.path(path)) }
        #expect(
            error?.description
                == "The location database \(path) cannot be opened (The MaxMind DB file contains invalid "
                + "metadata): check the file and who may read it, or choose another with --geo.")
    }

    @Test func aDatabaseOfNetworksIsRefusedInASentence() throws {
        let folder = try Folder()
        let path = try folder.write(DatabaseFile(kind: "GeoLite2-ASN"), to: "asn.mmdb")
        let error = #expect(throws: GeographyError.self) { try Atlas(.path(path)) }
        #expect(
            error?.description
                == "The database \(path) is a GeoLite2-ASN, which does not say where addresses are: choose "
                + "one of cities or countries with --geo.")
    }

    @Test func aPathThatIsNotThereIsRefusedInASentence() throws {
        let folder = try Folder()
        let missing = #expect(throws: GeographyError.self) { try Atlas(.path(folder.path + "/x.mmdb")) }
        #expect(
            missing?.description
                == "There is no \(folder.path)/x.mmdb: --geo takes a *.mmdb file, or a folder with the "
                + "tables geoip and geoip6.")
        let empty = #expect(throws: GeographyError.self) { try Atlas(.path(folder.path)) }
        #expect(
            empty?.description
                == "The folder \(folder.path) has no table geoip: --geo takes a *.mmdb file, or a folder "
                + "with the tables geoip and geoip6.")
    }
}
