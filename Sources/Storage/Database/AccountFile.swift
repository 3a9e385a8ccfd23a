import Allowance
import Crypto
import Glibc
import Primitives
import Synchronization

/// The account once more, in a small file beside the database: two slots that are written in place, so that neither a
/// full disk nor a database that fails keeps a lease from being made durable.
///
/// Every state of the account has a number, here and in the database; the higher one is the newer. Usually a slot is
/// written after the database took the same state, and nobody waits for it; then it says so if the database ever loses
/// its last transactions. Where the database cannot be written, both slots are, durably: the copy that one of them then
/// is makes a damaged slot harmless.
final class AccountFile: Sendable {
    struct Entry: Hashable {
        var number: Int64
        var state: LedgerState
    }

    /// In blocks of their own, so that a torn write damages one of them.
    static let slotStride: Int64 = 4096
    static let slots: Int64 = 2
    static let length = ByteCount(slots * slotStride)
    private static let title: [UInt8] = Array("potluck account 1\n".utf8)
    private static let checksumLength = 8

    private let file: OpenFile
    private let path: String
    /// The highest number given so far.
    private let last = Atomic<Int64>(0)

    /// Opens the file, making it where it is missing, with room for all that will ever be in it. Whatever its length
    /// is, an entry that it holds is kept.
    init(at path: String) throws(StorageError) {
        self.path = path
        file = try OpenFile(path, O_RDWR | O_CREAT)
        let length = try file.length()
        guard length != Self.length else { return }
        // Cut short, or grown: neither is ours. One that was killed while it was made has only zeros.
        if let entry = try newest() {
            for slot in [entry.number, entry.number + 1] { try write(entry, inSlotOf: slot) }
        } else if length < Self.length {
            try file.write([UInt8](repeating: 0, count: Int(Self.length.bytes)), at: 0)
        } else {
            throw .accountDamaged(path: path)
        }
        try file.truncate(to: Self.length)
        try file.synchronize()
    }

    /// With all of the slot's block, so that it exists.
    private func write(_ entry: Entry, inSlotOf number: Int64) throws(StorageError) {
        let bytes = Self.bytes(of: entry)
        let rest = [UInt8](repeating: 0, count: Int(Self.slotStride) - bytes.count)
        try file.write(bytes + rest, at: number % Self.slots * Self.slotStride)
        try file.synchronize()
    }

    /// Numbers go on after this one, and after those in the file.
    func count(from number: Int64) throws(StorageError) {
        last.store(max(number, try newest()?.number ?? 0), ordering: .relaxed)
    }

    /// The next entry.
    func entry(for state: LedgerState) -> Entry {
        Entry(number: last.wrappingAdd(1, ordering: .relaxed).newValue, state: state)
    }

    /// The newest entry; nothing where none was written yet. Throws when what is there does not read.
    func newest() throws(StorageError) -> Entry? {
        var entries: [Entry] = []
        var isBlank = true
        for slot in 0..<Self.slots {
            let bytes = try file.read(atMost: Int(Self.slotStride), at: slot * Self.slotStride)
            if bytes.contains(where: { $0 != 0 }) { isBlank = false }
            if let entry = Self.entry(in: Array(bytes)) { entries.append(entry) }
        }
        guard let newest = entries.max(by: { $0.number < $1.number }) else {
            guard isBlank else { throw .accountDamaged(path: path) }
            return nil
        }
        return newest
    }

    /// Into the slot that holds the older entry; durable some time later.
    func note(_ entry: Entry) throws(StorageError) {
        try file.write(Self.bytes(of: entry), at: entry.number % Self.slots * Self.slotStride)
    }

    /// Into both slots; durable on return.
    func keep(_ entry: Entry) throws(StorageError) {
        for slot in [entry.number, entry.number + 1] {
            try file.write(Self.bytes(of: entry), at: slot % Self.slots * Self.slotStride)
            try file.synchronize()
        }
    }

    private static func bytes(of entry: Entry) -> [UInt8] {
        let state = entry.state
        var writer = WireWriter()
        for number in [
            entry.number, state.period.starts.milliseconds, state.period.ends.milliseconds, state.leased.serving.bytes,
            state.leased.replication.bytes, state.leased.overlay.bytes, state.leased.answers.bytes,
        ] {
            writer.write(UInt64(bitPattern: number))
        }
        let content = title + writer.bytes
        return content + SHA256.hash(data: content).prefix(checksumLength)
    }

    private static func entry(in bytes: [UInt8]) -> Entry? {
        let length = title.count + 7 * 8
        guard bytes.count >= length + checksumLength, bytes.starts(with: title) else { return nil }
        guard
            SHA256.hash(data: bytes[..<length]).prefix(checksumLength).elementsEqual(
                bytes[length..<length + checksumLength])
        else { return nil }
        var reader = WireReader(bytes[title.count..<length])
        var numbers: [Int64] = []
        while numbers.count < 7, let number = try? reader.uint64() { numbers.append(Int64(bitPattern: number)) }
        guard numbers.count == 7, numbers[1] < numbers[2], numbers[3...].allSatisfy({ $0 >= 0 }) else { return nil }
        return Entry(
            number: numbers[0],
            state: LedgerState(
                period: Period(starts: WallTime(milliseconds: numbers[1]), ends: WallTime(milliseconds: numbers[2])),
                leased: ClassTotals(
                    serving: ByteCount(numbers[3]), replication: ByteCount(numbers[4]), overlay: ByteCount(numbers[5]),
                    answers: ByteCount(numbers[6]))))
    }
}
