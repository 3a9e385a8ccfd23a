import Testing

@testable import node

@Suite struct SeedRangeTests {
    @Test(
        arguments: [
            ("7", 7...7), ("1-1000", 1...1000), ("5-5", 5...5), ("0-3", 0...3),
        ] as [(String, ClosedRange<UInt64>)])
    func `seeds are written one by one, or from one to another`(text: String, seeds: ClosedRange<UInt64>) {
        #expect(SeedRange(argument: text) == SeedRange(seeds))
    }

    @Test(arguments: ["", "-", "1-", "-1", "3-1", "a", "1-2-3", "1..5", "0-99999999999"])
    func `what are no seeds is refused`(text: String) {
        #expect(SeedRange(argument: text) == nil)
    }

    @Test func `seeds are dealt out in parts, each once`() {
        let range = SeedRange(3...21)
        #expect(range.parts(of: 8) == [SeedRange(3...10), SeedRange(11...18), SeedRange(19...21)])
        #expect(SeedRange(4...4).parts(of: 8) == [SeedRange(4...4)])
        #expect(range.description == "3-21")
    }
}
