import Primitives
import Testing

struct CountryTests {
    @Test(arguments: [
        ("DE", 52.52, 13.40, 400.0), ("JP", 35.68, 139.69, 400), ("US", 39.0, -95.0, 400), ("FR", 48.86, 2.35, 250),
        ("AU", -33.87, 151.21, 500), ("BR", -23.55, -46.63, 900), ("SG", 1.35, 103.82, 20), ("CA", 43.65, -79.38, 500),
        ("RU", 55.75, 37.62, 700), ("IN", 22.0, 79.0, 300), ("NZ", -36.85, 174.76, 300), ("CL", -33.45, -70.67, 150),
    ])
    func aCountryIsWhereItsPeopleAre(code: String, latitude: Double, longitude: Double, within: Double) throws {
        let place = try #require(Country.place(of: code))
        let expected = try #require(Place(latitude: latitude, longitude: longitude))
        #expect(place.distance(to: expected) < within)
    }

    @Test func everyCodeOfTheStandardHasAPlace() {
        // ISO 3166-1 alpha-2, as of 2024: 249 codes.
        let standard = """
            AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
            BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
            FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
            IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
            ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
            PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
            TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
            """.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(standard.count == 249)
        #expect(Set(standard).subtracting(Country.codes) == [])
        #expect(Set(Country.codes).subtracting(standard) == ["AN", "AP", "CS", "EU", "UK", "XK"])
    }

    @Test(arguments: ["de", "De", "DE"]) func codesAreReadInAnyCase(code: String) {
        #expect(Country.place(of: code) == Country.place(of: "DE"))
    }

    @Test(arguments: ["", "D", "XX", "??", "DEU", "52.52,13.40", "ß", "🇩🇪"])
    func whatIsNoCodeHasNoPlace(text: String) {
        #expect(Country.place(of: text) == nil)
    }
}
