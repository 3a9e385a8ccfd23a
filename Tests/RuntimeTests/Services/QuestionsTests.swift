import Synchronization
import Testing

@testable import Runtime

@Suite struct QuestionsTests {
    /// Longer than any of these tests takes: whoever is asked says nothing before it is let go.
    private static let silence = Duration.seconds(300)

    @Test(.timeLimit(.minutes(1))) func `no look waits for who is silent, and what fell due meanwhile is asked once`()
        async
    {
        let asked = Mutex(0)
        var (looks, silentLooks) = (0, 0)
        let start = ContinuousClock.now
        // Twenty looks while the second one that is asked is silent.
        let look: () async -> Bool? = {
            looks += 1
            if asked.withLock({ $0 }) == 2 { silentLooks += 1 }
            return silentLooks <= 20 ? true : nil
        }
        await Questions.asked(after: look, every: .milliseconds(10)) {
            let isFirst = asked.withLock { count in
                count += 1
                return count == 1
            }
            try? await Task.sleep(for: isFirst ? .milliseconds(100) : Self.silence)
        }
        #expect(looks > silentLooks && silentLooks == 21)
        #expect(asked.withLock { $0 } == 2)
        #expect(ContinuousClock.now - start < Self.silence)
    }

    @Test(.timeLimit(.minutes(1))) func `four that are silent are waited for together, and no longer than the limit`()
        async
    {
        let asked = Mutex<Set<Int>>([])
        let start = ContinuousClock.now
        let answer: Int? = await Questions.first(of: [0, 1, 2, 3], within: .milliseconds(200)) { member in
            asked.withLock { _ = $0.insert(member) }
            try? await Task.sleep(for: Self.silence)
            return nil
        }
        #expect(answer == nil && asked.withLock { $0 } == [0, 1, 2, 3])
        let took = ContinuousClock.now - start
        #expect(took >= .milliseconds(200) && took < Self.silence)
    }

    @Test(.timeLimit(.minutes(1))) func `the first that has something to say is believed, however many are silent`()
        async
    {
        let start = ContinuousClock.now
        for answering in 0..<4 {
            let answer = await Questions.first(of: [0, 1, 2, 3], within: Self.silence) { member -> Int? in
                guard member != answering else { return member }
                if member % 2 == 0 { try? await Task.sleep(for: Self.silence) }
                return nil
            }
            #expect(answer == answering)
        }
        #expect(ContinuousClock.now - start < Self.silence)
    }

    @Test(.timeLimit(.minutes(1)))
    func `where all have nothing to say, or nobody is there, nobody waits for the limit`() async {
        let start = ContinuousClock.now
        for members in [[], [0], [0, 1, 2, 3]] as [[Int]] {
            let answer: Int? = await Questions.first(of: members, within: Self.silence) { _ in nil }
            #expect(answer == nil)
        }
        #expect(ContinuousClock.now - start < Self.silence)
    }
}
