import Primitives
import Testing

@testable import Membership

@Suite struct PositionsTests {
    @Test func `positions are those of a set, in whatever order they come, and as they are forgotten`() {
        var generator = Generator(seed: 1)
        var positions = Positions()
        var expected: Set<UInt64> = []
        for base in [10_000, 9_000, 10_500] as [UInt64] {
            for _ in 0..<300 {
                let position = base + UInt64.random(in: 0..<700, using: &generator)
                positions.insert(position)
                expected.insert(position)
            }
            #expect((8_000..<12_000).allSatisfy { positions.contains($0) == expected.contains($0) })
        }
        for last in [100, 9_321, 9_321, 10_047, 10_600] as [UInt64] {
            positions.forget(through: last)
            #expect((last + 1..<12_000).allSatisfy { positions.contains($0) == expected.contains($0) })
        }
        positions.forget(through: 20_000)
        #expect(!positions.contains(10_700))
        positions.insert(64)
        #expect(positions.contains(64) && !positions.contains(63) && !positions.contains(128))
    }
}
