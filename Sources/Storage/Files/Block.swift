import Synchronization

/// A run of a file's bytes in memory, filled once and then read by several lanes at the same time.
///
/// Unchecked: from `fill` to the hand-over one owner alone writes to it; from the hand-over until the last `release` it
/// is only read; then the block has one owner again. Hand-over and release go through queues and an atomic counter,
/// which order the memory.
final class Block: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private let readers = Atomic<Int>(0)

    init(byteCount: Int) {
        memory = .allocate(byteCount: byteCount, alignment: 4096)
    }

    deinit {
        memory.deallocate()
    }

    var isFull: Bool { count == memory.count }
    var isEmpty: Bool { count == 0 }
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Takes as many of the bytes as there is room for; how many.
    func fill(from bytes: UnsafeRawBufferPointer) -> Int {
        let taken = min(bytes.count, memory.count - count)
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + taken])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<taken]))
        count += taken
        return taken
    }

    /// From here on this many readers read the block, and nobody writes.
    func share(among count: Int) {
        readers.store(count, ordering: .releasing)
    }

    /// One reader is done; whether it was the last, who owns the now empty block.
    func release() -> Bool {
        guard readers.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return false }
        count = 0
        return true
    }
}
