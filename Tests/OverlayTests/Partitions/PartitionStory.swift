import Membership
import Overlay
import Primitives

@testable import Simulation

/// A network that is parted, lives on in its parts, and grows together again, told by one seed.
struct PartitionStory {
    /// How the network is parted.
    enum Kind: String, CaseIterable {
        /// In two, for long enough that each holds the other dead.
        case halves
        /// In two, for minutes.
        case long
        /// In two, for less than it takes to be sure.
        case brief
        /// In up to six.
        case islands
        /// One node from all others.
        case alone
        /// In two, one of which still hears the other.
        case oneWay
        /// In two, differently each time, with a short breath between.
        case repeated
    }

    let kind: Kind
    private(set) var network: VirtualNetwork
    private(set) var files: [(id: FileID, publisher: Int)] = []
    /// What should not have happened.
    private(set) var complaints: [String] = []
    /// From the end of the partition until all tables were equal; nil when they did not become so in time.
    private(set) var convergence: Duration?
    /// Files of which no whole copy survived: whoever had one went for good, or the publisher crashed before it was
    /// durable.
    private(set) var lost = 0

    private var chance: Generator
    /// When nodes went for good.
    private var ends: [Int: Instant] = [:]
    /// Who is gone in whose eyes: by observer and its run.
    private var buried: [Run: Set<Int>] = [:]

    /// Longest wait for equal tables.
    static let patience = Duration.seconds(180)

    init(_ kind: Kind, seed: UInt64, count: Int) {
        self.kind = kind
        network = VirtualNetwork.settled(count, seed: seed)
        chance = Generator(seed: seed)
    }

    mutating func tell() {
        for _ in 0..<2 { post() }
        network.run(for: .seconds(8))
        for episode in 0..<(kind == .repeated ? 3 : 1) {
            if episode > 0 { network.run(for: .seconds(seconds(2...8))) }
            cut()
            live()
            network.part([])
        }
        grow()
    }

    // MARK: Parting

    private mutating func cut() {
        let nodes = network.nodes.indices.shuffled(using: &chance)
        let count = nodes.count
        switch kind {
        case .halves, .brief, .long, .repeated: network.part(Set(nodes.prefix(draw(count / 3...count / 2))))
        case .alone: network.part([nodes[0]])
        case .oneWay:
            network.part([Set(nodes.prefix(draw(count / 3...count / 2)))], passages: [Passage(from: 1, to: 0)])
        case .islands:
            let number = draw(3...6)
            network.part((1..<number).map { island in Set(nodes.filter { $0 % number == island }) })
        }
    }

    /// Time passes on all sides: files are posted, nodes join, leave, die and return.
    private mutating func live() {
        var deeds: [(inout Self) -> Void] = [
            { $0.post() }, { $0.post() }, { $0.leave() }, { $0.die() }, { $0.restart() }, { $0.join() },
        ]
        deeds.shuffle(using: &chance)
        let rest: ClosedRange<Int> =
            switch kind {
            case .brief: 0...1
            case .repeated: 1...4
            case .halves, .islands, .alone, .oneWay: 4...9
            case .long: 20...30
            }
        for deed in deeds {
            network.run(for: .seconds(seconds(rest)))
            deed(&self)
        }
        network.run(for: .seconds(seconds(rest)))
    }

    private mutating func post() {
        guard let index = someone() else { return }
        files.append((network.post(.mebibytes(1), on: index), index))
    }

    /// Somebody who is heard by others, or its farewell is no news to anybody.
    private mutating func leave() {
        guard let index = someone(where: { network, index in !network.company(of: index).isEmpty }) else { return }
        network.leave(index)
        ends[index] = network.now
    }

    private mutating func die() {
        guard let index = someone() else { return }
        network.crash(index)
        ends[index] = network.now
    }

    private mutating func restart() {
        guard let index = someone() else { return }
        network.crash(index)
        network.schedule(.restart(index), after: .seconds(seconds(1...20)))
    }

    private mutating func join() {
        if let index = someone() { network.join(through: index) }
    }

    private mutating func someone(where isSuitable: (VirtualNetwork, Int) -> Bool = { _, _ in true }) -> Int? {
        network.nodes.indices.filter { network.nodes[$0].isUp && isSuitable(network, $0) }
            .randomElement(using: &chance)
    }

    // MARK: Growing together

    private mutating func grow() {
        let healed = network.now
        // Who is about to return does.
        network.run(for: .seconds(1))
        watch(for: Self.patience - .seconds(1), since: healed) { $0.disagreement == nil }
        if let disagreement = network.disagreement {
            complaints.append("tables differ: \(disagreement)")
        } else {
            convergence = network.now - healed
        }
        watch(for: .seconds(60), since: healed) { _ in false }
        // Somebody may have said just now that it stands elsewhere.
        network.run(for: mourning) { $0.disagreement == nil }
        if let disagreement = network.disagreement { complaints.append("tables differ again: \(disagreement)") }
        find()
        complaints += network.violations.map(\.description)
    }

    /// Within so long a death is known where it happened (DESIGN, *Targets*). Who died later was alive to its last
    /// words, which may reach others only after the partition.
    private var mourning: Duration { (network.conditions.pulse ?? .zero) * 3 + .seconds(2) }

    /// Goes on, and sees to it that nobody comes to life in anybody's eyes, for however short, who was known to be gone
    /// where it went: its last words come with the verdicts on it.
    private mutating func watch(
        for duration: Duration, since healed: Instant, until isDone: (borrowing VirtualNetwork) -> Bool
    ) {
        var (buried, complaints) = (buried, complaints)
        let ends = ends.filter { healed - $0.value >= mourning }.sorted { $0.key < $1.key }.map(\.key)
        network.run(for: duration) { network in
            for index in ends {
                for observer in network.nodes.indices {
                    guard let roster = network.nodes[observer].process?.overlay.roster else { continue }
                    let run = network.currentRun(of: observer)
                    guard roster[network.nodes[index].id]?.isPresent == true else {
                        buried[run, default: []].insert(index)
                        continue
                    }
                    guard buried[run]?.remove(index) != nil else { continue }
                    complaints.append("\(index) rose for \(observer), \(network.now - healed) after the partition")
                }
            }
            return isDone(network)
        }
        (self.buried, self.complaints) = (buried, complaints)
    }

    private mutating func find() {
        for (file, publisher) in files {
            let holders = network.holders(of: file)
            guard !holders.isEmpty else {
                lost += 1
                let witnesses = network.nodes.indices.filter {
                    ends[$0] == nil && network.nodes[$0].disk.heldOnce.contains(file)
                }
                if network.isAccepted(file), ends[publisher] == nil || !witnesses.isEmpty {
                    complaints.append("\(file) by \(publisher) is lost, which \(witnesses) had")
                }
                continue
            }
            if holders.count(where: { $0 != publisher }) < 2 {
                complaints.append("\(file) by \(publisher) has no holders but \(holders)")
            }
            let outcomes = network.askEverywhere(for: file)
            if !outcomes.allSatisfy(\.isServed) { complaints.append("\(file), held by \(holders): \(outcomes)") }
        }
    }

    // MARK: Chance

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }

    private mutating func seconds(_ range: ClosedRange<Int>) -> Int64 { Int64(draw(range)) }
}

extension VirtualNetwork {
    /// Running nodes that hear this one.
    func company(of index: Int) -> [Int] {
        nodes.indices.filter { $0 != index && nodes[$0].isUp && hears($0, from: index) }
    }
}
