@_spi(Verification) import Primitives
import Testing

@Suite struct QuarterPowerTests {
    @Test func `a count is rounded down to a quarter power of two`() {
        let codes = [0, 1, 2, 3, 4, 1023, 1024].map { QuarterPower(ByteCount($0)).code }
        #expect(codes == [0, 1, 5, 7, 9, 40, 41])
        #expect(QuarterPower(ByteCount(-1)) == .nothing)
        #expect(QuarterPower(.max).code == 252)
    }

    @Test func `the least count of a power has that power, and one byte less has not`() {
        for code in 1...252 as ClosedRange<UInt8> {
            guard let power = try? QuarterPower(wireBytes: [code]) else { continue }
            let least = power.byteCount
            #expect(QuarterPower(least).code >= code)
            #expect(QuarterPower(least - ByteCount(1)).code < code)
        }
    }

    @Test func `a step is less than a fifth`() {
        var generator = Generator(seed: 1)
        for _ in 0..<1000 {
            let count = ByteCount(Int64.random(in: 1000...(1 << 62), using: &generator))
            let power = QuarterPower(count)
            #expect(power.byteCount <= count && Double(power.byteCount.bytes) > Double(count.bytes) * 0.84)
        }
    }

    @Test func `a power beyond what can be counted is refused`() {
        #expect(throws: WireError.self) { try QuarterPower(wireBytes: [253]) }
    }
}
