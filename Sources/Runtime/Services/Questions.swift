/// Questions to other members, any of whom may be silent: nobody waits for those.
enum Questions {
    /// Looks at something at this interval, until a look finds nothing to look at or the task is cancelled. Where a
    /// look says so, others are asked: beside the looks, one question at a time, and what falls due meanwhile is asked
    /// right afterwards, once.
    static func asked(
        after looks: () async -> Bool?, every interval: Duration, by ask: @escaping @Sendable () async -> Void
    ) async {
        let (questions, due) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in questions where !Task.isCancelled { await ask() } }
            while (try? await Task.sleep(for: interval)) != nil, let isDue = await looks() {
                if isDue { due.yield() }
            }
            due.finish()
            group.cancelAll()
        }
    }

    /// Asks all of them at once.
    /// - Returns: what the first answers that has something to say; nothing when none has, or the time is up. Who has
    ///   not answered by then is let go.
    static func first<Member: Sendable, Answer: Sendable>(
        of members: [Member], within limit: Duration, answering ask: @escaping @Sendable (Member) async -> Answer?
    ) async -> Answer? {
        await withTaskGroup(of: Outcome<Answer>.self) { group in
            defer { group.cancelAll() }
            for member in members { group.addTask { await ask(member).map { .answer($0) } ?? .nothing } }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .timeIsUp
            }
            var waiting = members.count
            while waiting > 0, let outcome = await group.next() {
                switch outcome {
                case .answer(let answer): return answer
                case .nothing: waiting -= 1
                case .timeIsUp: return nil
                }
            }
            return nil
        }
    }

    private enum Outcome<Answer: Sendable>: Sendable {
        case answer(Answer)
        case nothing
        case timeIsUp
    }
}
