import Testing
import Transport

@Suite struct SketchTests {
    @Test func nobodyIsGuessedTooLittleNorMostMuchTooMuch() {
        var sketch = Sketch<Int, Int64>(columns: 4096)
        let (keys, amount) = (10_000, Int64(1000))
        for key in 0..<keys { sketch.add(amount + Int64(key % 7), for: key) }
        #expect((0..<keys).allSatisfy { sketch[$0] >= amount + Int64($0 % 7) })
        // Twice what shares a counter on average: as likely as 1 in 40 in one, and in all four next to never.
        let much = 2 * Int64(keys) * (amount + 6) / 4096
        #expect((0..<keys).count { sketch[$0] > amount + 6 + much } < 10)
    }

    @Test func aStrangerHasHadNothingWhereOneKeyHas() {
        var sketch = Sketch<String, Int64>(columns: 4096)
        sketch.add(5, for: "a")
        sketch.add(6, for: "a")
        #expect(sketch["a"] == 11)
        #expect((0..<1000).count { sketch["\($0)"] > 0 } == 0)
    }

    @Test func whatHasGrownToTheMostStaysThere() {
        var sketch = Sketch<Int, UInt8>(columns: 1)
        for _ in 0..<3 { sketch.add(200, for: 1) }
        #expect(sketch[1] == .max && sketch[2] == .max)
    }
}
