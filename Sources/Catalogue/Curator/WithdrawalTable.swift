internal import Primitives

/// The withdrawals that this node remembers, within bounds that no member can use up at another's expense.
///
/// Whoever signs many makes room among its own: a publisher has a bounded number, and where the table is full the one
/// that has most gives way. Of these go first those that never withdrew anything known here, then the oldest. This
/// node's own go last.
struct WithdrawalTable: Sendable {
    private struct Stone: Sendable {
        /// By publisher, ascending.
        var kept: [RememberedWithdrawal] = []
        /// The trackers that know, as this node sees it.
        var told: [NodeID] = []
    }

    private let own: NodeID
    private let limits: Curator.Limits
    private var stones = FileTable<Stone>()
    private var counts: [NodeID: Int] = [:]
    private(set) var count = 0

    init(own: NodeID, limits: Curator.Limits) {
        self.own = own
        self.limits = limits
    }

    /// The files with withdrawals, ascending.
    var files: [FileID] { stones.ids }

    /// Those of a file, by publisher, ascending.
    subscript(file: FileID) -> [RememberedWithdrawal] { stones[file]?.kept ?? [] }

    /// Up to which sequence this publisher's postings of the file are void.
    func sequence(of file: FileID, by publisher: NodeID) -> UInt64? {
        stones[file]?.kept.first { $0.publisher == publisher }?.statement.value.sequence
    }

    func told(of file: FileID) -> [NodeID] { stones[file]?.told ?? [] }

    mutating func setTold(_ trackers: [NodeID], of file: FileID) { stones[file]?.told = trackers }

    /// Keeps it if it says more than what is known, and if there is room. Returns what is remembered now, nothing when
    /// it was not kept, and what it displaced.
    mutating func insert(
        _ new: RememberedWithdrawal
    ) -> (kept: RememberedWithdrawal?, forgotten: [Verified<Withdrawal>]) {
        let (file, publisher) = (new.file, new.publisher)
        var forgotten: [Verified<Withdrawal>] = []
        var stone = stones[file] ?? Stone()
        if let index = stone.kept.firstIndex(where: { $0.publisher == publisher }) {
            let known = stone.kept[index]
            guard known.statement.value.sequence < new.statement.value.sequence else { return (nil, []) }
            let kept = RememberedWithdrawal(new.statement, isEffective: new.isEffective || known.isEffective)
            stone.kept[index] = kept
            stones[file] = stone
            return (kept, [])
        }
        if stone.kept.count >= limits.withdrawalsPerFile {
            let isUrgent = new.isEffective || publisher == own
            guard isUrgent, let victim = leastNeeded(of: stone) else { return (nil, []) }
            forgotten.append(remove(file, victim.publisher))
        }
        if publisher != own, counts[publisher, default: 0] >= limits.withdrawalsPerPublisher {
            forgotten += removeLeast(of: publisher)
        }
        if count >= limits.withdrawals { forgotten += removeLeast(of: mostNumerous) }
        stone = stones[file] ?? Stone()
        let position = stone.kept.firstPosition { $0.publisher >= publisher }
        stone.kept.insert(new, at: position)
        stones[file] = stone
        counts[publisher, default: 0] += 1
        count += 1
        return (new, forgotten)
    }

    /// Forgets those that nobody needs any more.
    mutating func purge(at wall: WallTime) -> [Verified<Withdrawal>] {
        var forgotten: [Verified<Withdrawal>] = []
        for file in stones.ids {
            for kept in self[file] {
                guard let until = kept.statement.value.keptUntil, until <= wall else { continue }
                forgotten.append(remove(file, kept.publisher))
            }
        }
        return forgotten
    }

    /// When the first one is needed no more.
    var soonestEnd: WallTime? {
        var soonest: WallTime?
        for file in stones.ids {
            for kept in self[file] {
                guard let until = kept.statement.value.keptUntil else { continue }
                soonest = min(soonest ?? until, until)
            }
        }
        return soonest
    }

    /// All of them, by file and publisher.
    var all: [Verified<Withdrawal>] { stones.ids.flatMap { self[$0].map(\.statement) } }

    // MARK: Making room

    /// One that never withdrew anything known here; else the one that is needed for the shortest time, the oldest of
    /// these.
    private func leastNeeded(of stone: Stone) -> RememberedWithdrawal? {
        func rank(_ kept: RememberedWithdrawal) -> (Int, WallTime, WallTime) {
            (kept.isEffective ? 1 : 0, kept.statement.value.keptUntil ?? .latest, kept.statement.value.at)
        }
        return stone.kept.filter { $0.publisher != own }.min { rank($0) < rank($1) }
    }

    private mutating func remove(_ file: FileID, _ publisher: NodeID) -> Verified<Withdrawal> {
        guard var stone = stones[file], let index = stone.kept.firstIndex(where: { $0.publisher == publisher }) else {
            preconditionFailure("what is removed is there")
        }
        let removed = stone.kept.remove(at: index)
        stones[file] = stone.kept.isEmpty ? nil : stone
        let left = counts[publisher, default: 1] - 1
        counts[publisher] = left == 0 ? nil : left
        count -= 1
        return removed.statement
    }

    /// Other publishers before this node, the one with most first; of equals the one with the lowest key.
    private var mostNumerous: NodeID {
        var most = (count: 0, id: own)
        for file in stones.ids {
            for kept in self[file] where kept.publisher != own {
                let count = counts[kept.publisher, default: 0]
                if count > most.count || count == most.count && kept.publisher < most.id {
                    most = (count, kept.publisher)
                }
            }
        }
        return most.id
    }

    private mutating func removeLeast(of publisher: NodeID) -> [Verified<Withdrawal>] {
        var least: (isEffective: Bool, at: WallTime, file: FileID)?
        for file in stones.ids {
            guard let kept = self[file].first(where: { $0.publisher == publisher }) else { continue }
            let at = kept.statement.value.at
            if let least, (least.isEffective ? 1 : 0, least.at) <= (kept.isEffective ? 1 : 0, at) { continue }
            least = (kept.isEffective, at, file)
        }
        return least.map { [remove($0.file, publisher)] } ?? []
    }
}
