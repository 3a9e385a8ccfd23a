/// Which of the last 1,024 counters of one sender's epoch have been seen (as RFC 4303, section 3.4.3, and RFC 6479 do
/// it): datagrams come out of order, but none counts twice.
struct ReplayWindow {
    /// Counters this far behind the newest are refused unseen.
    static let size: UInt32 = 1_024

    private var newest: UInt32?
    /// One bit a counter, at its remainder by the window's size.
    private var seen = [UInt64](repeating: 0, count: Int(size) / 64)

    /// Whether the counter is new; from then on it is not.
    mutating func accept(_ counter: UInt32) -> Bool {
        guard let newest else {
            self.newest = counter
            mark(counter)
            return true
        }
        if counter > newest {
            clear(after: newest, through: counter)
            self.newest = counter
            mark(counter)
            return true
        }
        guard newest - counter < Self.size, !isMarked(counter) else { return false }
        mark(counter)
        return true
    }

    private mutating func clear(after newest: UInt32, through counter: UInt32) {
        guard counter - newest < Self.size else {
            for word in seen.indices { seen[word] = 0 }
            return
        }
        for skipped in (newest + 1)...counter {
            let bit = skipped % Self.size
            seen[Int(bit / 64)] &= ~(1 << UInt64(bit % 64))
        }
    }

    private mutating func mark(_ counter: UInt32) {
        let bit = counter % Self.size
        seen[Int(bit / 64)] |= 1 << UInt64(bit % 64)
    }

    private func isMarked(_ counter: UInt32) -> Bool {
        let bit = counter % Self.size
        return seen[Int(bit / 64)] >> UInt64(bit % 64) & 1 == 1
    }
}

/// Which challenges and responses of one sender have been seen: a window for each of its latest epochs, of which it
/// begins a new one when it starts. Recordings of older epochs pass once more; they bring nothing but another response.
struct ReplayMemory {
    /// Epochs remembered. An attacker who replays what a peer said before this node last started opens one of these,
    /// and cannot close the true one.
    static let epochLimit = 4

    private var epochs: [(epoch: UInt64, window: ReplayWindow)] = []

    /// Whether the datagram is new. Only for authentic ones: a forged one must not move the window.
    mutating func accept(epoch: UInt64, counter: UInt32) -> Bool {
        guard let index = epochs.firstIndex(where: { $0.epoch == epoch }) else {
            var window = ReplayWindow()
            _ = window.accept(counter)
            epochs.insert((epoch, window), at: 0)
            if epochs.count > Self.epochLimit { epochs.removeLast() }
            return true
        }
        guard epochs[index].window.accept(counter) else { return false }
        // The one in use stays in front, so that the ones left behind are the first to go.
        if index > 0 { epochs.swapAt(0, index) }
        return true
    }
}
