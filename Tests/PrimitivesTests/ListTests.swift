import Primitives
import Testing

@Suite struct ListTests {
    @Test(arguments: [0, 1, 2, 16, 17, 100, 1000])
    func `a key is found where it stands, or would, however the keys are spread`(count: Int) {
        var generator = Generator(seed: UInt64(count))
        let spread = (0..<count).map { _ in generator.next() }
        let low = (0..<count).map { _ in generator.next() >> 50 }
        let high = low.map { UInt64.max - $0 }
        for keys in [spread, low, high, low + high].map({ $0.sorted() }) {
            for sought in keys + keys.map({ $0 &+ 1 }) + [0, .max, .max / 2] {
                let place = keys.place(of: sought) { $0 }
                #expect(place == keys.firstIndex { $0 >= sought } ?? keys.count)
            }
        }
    }

    @Test func `a list that grows sparingly keeps its elements, and little room beside them`() {
        var list: [Int] = []
        for number in 0..<10_000 { list.appendSparingly(number) }
        #expect(list == Array(0..<10_000))
        #expect(list.capacity < 12_000)
    }
}
