internal import Primitives

struct FaultID: Hashable {
    let number: Int
}

/// What is wrong in a world now.
struct Faults {
    struct Active {
        let id: FaultID
        let kind: Topology.Kind
        /// In ascending order.
        let nodes: [Int]
    }

    /// A partition: these and the others.
    struct Cut {
        let id: FaultID
        private let isInside: [Bool]
        /// What those inside send still arrives.
        private let isOneWay: Bool

        init(_ id: FaultID, around nodes: [Int], isOneWay: Bool = false) {
            var isInside = [Bool](repeating: false, count: (nodes.last ?? -1) + 1)
            for node in nodes { isInside[node] = true }
            (self.id, self.isInside, self.isOneWay) = (id, isInside, isOneWay)
        }

        func passes(from sender: Int, to receiver: Int) -> Bool {
            let (there, here) = (contains(sender), contains(receiver))
            return there == here || (isOneWay && there)
        }

        private func contains(_ index: Int) -> Bool { index < isInside.count && isInside[index] }
    }

    private(set) var active: [Active] = []
    private(set) var cuts: [Cut] = []
    private var count = 0

    mutating func begin(_ kind: Topology.Kind, on nodes: [Int]) -> FaultID {
        count += 1
        let id = FaultID(number: count)
        active.append(Active(id: id, kind: kind, nodes: nodes))
        switch kind {
        case .partition(let isOneWay): cuts.append(Cut(id, around: nodes, isOneWay: isOneWay))
        case .split(let sides): for side in sides { cuts.append(Cut(id, around: side)) }
        case .crash, .pause, .loss, .delay, .slowDisk, .fullDisk, .tornWrites, .clockJump, .lie: break
        }
        return id
    }

    /// What it was; nothing where it is over already.
    mutating func end(_ id: FaultID) -> Active? {
        cuts.removeAll { $0.id == id }
        return active.firstIndex { $0.id == id }.map { active.remove(at: $0) }
    }

    /// Whether a crash keeps the node away.
    func stops(_ node: Int) -> Bool {
        active.contains { $0.kind == .crash && $0.nodes.binaryContains(node) }
    }

    /// What befalls a node's wires and disk.
    func troubles(of node: Int) -> Troubles {
        var troubles = Troubles()
        for fault in active where fault.nodes.binaryContains(node) { troubles.add(fault.kind) }
        return troubles
    }
}

extension Topology.Kind {
    /// Some nodes do not reach others.
    var parts: Bool {
        switch self {
        case .partition, .split: true
        case .crash, .pause, .loss, .delay, .slowDisk, .fullDisk, .tornWrites, .clockJump, .lie: false
        }
    }
}

/// What is wrong with one machine.
struct Troubles: Equatable {
    /// Of what it sends and what is sent to it.
    var loss = 0.0
    /// In nanoseconds, likewise.
    var delay: Int64 = 0
    var isPaused = false
    /// Transactions take so many times as long.
    var slowness = 1
    var isDiskFull = false
    var tearsWrites = false

    mutating func add(_ kind: Topology.Kind) {
        switch kind {
        case .loss(let part): loss = 1 - (1 - loss) * (1 - part)
        case .delay(let more): delay += more.wholeNanoseconds
        case .pause: isPaused = true
        case .slowDisk(let factor): slowness = max(slowness, factor)
        case .fullDisk: isDiskFull = true
        case .tornWrites: tearsWrites = true
        case .crash, .partition, .split, .clockJump, .lie: break
        }
    }
}

extension [Int] {
    /// Of an array in ascending order.
    fileprivate func binaryContains(_ value: Int) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == value
    }
}
