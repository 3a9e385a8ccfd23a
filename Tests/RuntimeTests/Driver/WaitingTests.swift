import Testing

@testable import Runtime

@Suite struct WaitingTests {
    @Test func whoWaitsGetsWhatComes() async {
        let waiting = Waiting<Int, String>()
        let value = await waiting.value(for: 1, within: .seconds(10)) { waiting.fulfil(1, with: "one") }
        #expect(value == "one")
    }

    @Test func everybodyWhoWaitsForAThingGetsIt() async {
        let waiting = Waiting<Int, Int>()
        let values = await withTaskGroup(of: Int?.self) { group in
            let (begun, begin) = AsyncStream.makeStream(of: Void.self)
            for _ in 0..<5 {
                group.addTask { await waiting.value(for: 7, within: .seconds(10)) { begin.yield() } }
            }
            var count = 0
            for await _ in begun {
                count += 1
                if count == 5 { break }
            }
            waiting.fulfil(7, with: 49)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == [49, 49, 49, 49, 49])
    }

    @Test func nothingCameInTime() async {
        let waiting = Waiting<Int, Int>()
        #expect(await waiting.value(for: 1, within: .milliseconds(20)) {} == nil)
        // Too late is no harm.
        waiting.fulfil(1, with: 1)
    }

    @Test func whoIsCancelledWaitsNoLonger() async {
        let waiting = Waiting<Int, Int>()
        let task = Task { await waiting.value(for: 1, within: .seconds(60)) {} }
        task.cancel()
        #expect(await task.value == nil)
    }
}
