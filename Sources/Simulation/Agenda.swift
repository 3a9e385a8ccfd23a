internal import Primitives

/// What is to happen, by its time; what is due at the same moment happens in the order it was arranged.
///
/// A heap of four children each (Johnson, 1975), whose entries are two words that are moved about without counting
/// references; what happens lies still beside it.
struct Agenda {
    private struct Turn {
        let at: Int64
        /// Its number in the order of arrangement, and below that the slot where it lies.
        let order: UInt64

        static let slotBits: UInt64 = 24

        var slot: Int { Int(truncatingIfNeeded: order & (1 << Self.slotBits - 1)) }

        func precedes(_ other: Turn) -> Bool { at == other.at ? order < other.order : at < other.at }
    }

    private var heap: [Turn] = []
    private var slots: [Happening?] = []
    private var free: [Int32] = []
    private var count: UInt64 = 0

    /// More are never pending: some 1,600 for each of ten thousand nodes.
    private static let limit = 1 << Int(Turn.slotBits)

    /// All that is to happen, in no order.
    var pending: [Happening] { slots.compactMap(\.self) }

    var next: Instant? { heap.first.map { Instant(nanoseconds: $0.at) } }

    mutating func insert(_ happening: Happening, at moment: Instant) {
        let slot: Int
        if let reused = free.popLast() {
            slot = Int(reused)
            slots[slot] = happening
        } else {
            slot = slots.count
            precondition(slot < Self.limit, "no world has so much to do")
            slots.append(happening)
        }
        count += 1
        let turn = Turn(at: moment.nanoseconds, order: count << Turn.slotBits | UInt64(slot))
        heap.append(turn)
        var hole = heap.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 4
            guard turn.precedes(heap[parent]) else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = turn
    }

    mutating func removeFirst() -> Happening? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        let happening = slots[first.slot]
        slots[first.slot] = nil
        free.append(Int32(first.slot))
        return happening
    }

    /// Puts a turn where it belongs, beginning at the root, which is free.
    private mutating func sink(_ turn: Turn) {
        var hole = 0
        while true {
            let child = hole * 4 + 1
            guard child < heap.count else { break }
            var least = child
            for other in child + 1..<max(child + 1, min(child + 4, heap.count)) where heap[other].precedes(heap[least])
            {
                least = other
            }
            guard heap[least].precedes(turn) else { break }
            heap[hole] = heap[least]
            hole = least
        }
        heap[hole] = turn
    }
}
