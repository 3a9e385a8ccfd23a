import Primitives
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct QuantityTests {
    @Test(arguments: [
        ("10GB", 10_000_000_000), ("8 GiB", 8 << 30), ("1.5 MB", 1_500_000), ("4096", 4096), ("0", 0), ("1k", 1000),
        ("0.5KiB", 512),
        ("1.999999999 GB", 1_999_999_999),
    ])
    func `sizes are read as people write them`(text: String, bytes: Int64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: [
        "", "GB", "-1", "+1", "1.", ".5GB", "1.2.3", "10 parsecs", "9223372036854775808", "9999999 PB", "1e9", "0x10",
    ])
    func `what is no size is refused`(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test(arguments: [
        ("250ms", 250), ("1s", 1000), ("1.5 s", 1500), ("2m", 120_000), ("10min", 600_000), ("1H", 3_600_000),
        ("7d", 604_800_000), ("0s", 0), ("0.05ms", 0.05),
    ])
    func `times are read as people write them`(text: String, milliseconds: Double) {
        #expect(Duration(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "s", "10", "-1s", "1.2.3s", "1 fortnight", "1e3s", ".s", "12000d", "999999999999999h"])
    func `what is no time is refused`(text: String) {
        #expect(Duration(text) == nil)
    }

    @Test func `sizes are written with three digits`() {
        let texts = [0, 999, 1000, 1_500_000_000, 40_000_000, 123_456, -2_000].map { ByteCount($0).description }
        #expect(texts == ["0 B", "999 B", "1.00 kB", "1.50 GB", "40.0 MB", "123 kB", "-2.00 kB"])
        #expect(ByteCount.max.percent(10).bytes == 922_337_203_685_477_580)
    }

    @Test func `elementary functions agree with the library's`() {
        for step in 0...2_000 {
            let x = Double(step - 1_000) * 0.7
            #expect(abs(Elementary.exp(x) / exp(x) - 1) < 1e-12, "exp \(x)")
            if step > 0 {
                #expect(abs(Elementary.log(Double(step) / 7) - log(Double(step) / 7)) < 1e-12, "log \(step) / 7")
                #expect(abs(Elementary.log(exp(x)) - x) < 1e-12, "log of exp \(x)")
            }
            let angle = Double(step - 1_000) / 1_000 * 2 * Double.pi
            #expect(abs(Elementary.sin(angle) - sin(angle)) < 1e-12, "sin \(angle)")
            #expect(abs(Elementary.cos(angle) - cos(angle)) < 1e-12, "cos \(angle)")
            let part = Double(step) / 2_000
            #expect(abs(Elementary.asin(part) - asin(part)) < 1e-11, "asin \(part)")
        }
    }

    @Test func `great-circle distances are the known ones`() throws {
        let berlin = try #require(Place("52.52,13.40"))
        let tokyo = try #require(Place("35.68,139.69"))
        #expect(abs(berlin.distance(to: tokyo) - 8_918) < 15)
        #expect(berlin.distance(to: berlin) == 0)
        let (north, south) = (try #require(Place("90,0")), try #require(Place("-90,0")))
        #expect(abs(north.distance(to: south) - Double.pi * Place.earthRadius) < 1)
        #expect(berlin.distance(to: tokyo) == tokyo.distance(to: berlin))
    }

    @Test func `places off the Earth are refused, and text reads back`() {
        for text in ["91,0", "0,181", "1", "1,2,3", "a,b", "nan,0", ""] { #expect(Place(text) == nil, "\(text)") }
        for text in ["52.52,13.40", "-0.05,-179.99", "0.00,0.00"] { #expect(Place(text)?.description == text) }
    }

    @Test func `instants and wall times are moved by durations`() {
        #expect(Instant.zero + .milliseconds(1500) - Instant(nanoseconds: 500_000_000) == .seconds(1))
        #expect(WallTime(milliseconds: 1000) + .milliseconds(-1) == WallTime(milliseconds: 999))
        #expect(Duration.milliseconds(-1500).wholeNanoseconds == -1_500_000_000)
    }
}
