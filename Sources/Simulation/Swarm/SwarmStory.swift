internal import Catalogue
internal import Overlay
internal import Primitives

/// One world, lived through: first everything goes wrong that is drawn for it, and no promise may be broken; then a
/// random part of it is healed, and is to be at peace within a bounded time.
struct SwarmStory {
    let world: SwarmWorld
    var network: VirtualNetwork
    private var chance: Generator
    private var files: [(id: FileID, publisher: Int)] = []
    /// Who did, or was asked, something last.
    private var last: Int?
    /// The part that is healed.
    private(set) var core: [Int] = []
    /// From healing to peace; nothing where that did not come.
    private(set) var peace: Duration?

    init(_ world: SwarmWorld, isLogging: Bool = false) {
        self.world = world
        chance = world.chance
        network = VirtualNetwork(seed: world.seed, conditions: Conditions())
        network.journal = Journal()
        network.isLogging = isLogging
        network.conditions.pulse = world.topology.pulse
        // As seldom as the overlay allows.
        network.conditions.rhythm = .seconds(60)
        network.conditions.links = world.topology.links
        for machine in world.topology.nodes { network.create(machine) }
        network.introduceAll()
        for index in network.nodes.indices { network.start(index) }
        for fault in world.topology.faults { network.schedule(fault) }
    }

    mutating func tell() {
        live(for: world.topology.length)
        guard network.violations.isEmpty else { return }
        heal()
        converge()
        let flying = network.flying
        let conservation = network.checkers.conservation
        network.judge(Conservation.self, conservation.check(found: flying))
    }

    // MARK: Deeds

    /// The safety phase, or its beginning.
    mutating func live(for length: Duration) {
        for appointment in world.deeds where appointment.at < length {
            if appointment.at > network.now - .zero { network.run(for: appointment.at - (network.now - .zero)) }
            perform(appointment.deed)
            if !network.violations.isEmpty { return }
        }
        network.run(for: max(.zero, length - (network.now - .zero)))
    }

    private mutating func perform(_ deed: SwarmWorld.Deed) {
        switch deed {
        case .post(let length, let replicas, let lifetime): post(length, replicas, lifetime)
        case .withdraw: withdraw()
        case .repost(let isNarrower): repost(isNarrower: isNarrower)
        case .deny: deny()
        case .allow: allow()
        case .ask(let count): ask(count)
        case .crash(let count, let absence):
            if let last, network.nodes[last].isUp { network.crash(last, afterActions: count, for: absence) }
        case .tear(let count, let absence):
            for index in network.nodes.indices where network.nodes[index].troubles.tearsWrites {
                network.crash(index, afterPieces: count, for: absence)
            }
        case .join:
            if let index = someone(), network.nodes.count < world.topology.nodes.count + 4 {
                last = network.join(through: index)
            }
        case .leave:
            guard let index = someone(), mayLose(index) else { return }
            network.leave(index)
            network.nodes[index].isGone = true
            network.excuseLosses(at: index)
        case .die:
            guard let index = someone(), mayLose(index) else { return }
            network.crash(index)
            network.nodes[index].isGone = true
            network.excuseLosses(at: index)
        }
    }

    private mutating func post(_ length: ByteCount, _ replicas: UInt8, _ lifetime: Duration?) {
        guard let index = someone() else { return }
        let expires = lifetime.map { network.wallTime + $0 }
        files.append((network.post(length, on: index, replicas: replicas, expires: expires), index))
        last = index
    }

    private mutating func withdraw() {
        guard let (file, publisher) = files.randomElement(using: &chance), network.nodes[publisher].isUp else { return }
        network.withdraw(file, on: publisher)
        last = publisher
    }

    private mutating func repost(isNarrower: Bool) {
        guard let (file, publisher) = files.randomElement(using: &chance), network.nodes[publisher].isUp,
            network.nodes[publisher].disk.hasWhole(file), let manifest = network.manifest(of: file, at: publisher)
        else { return }
        let some = network.nodes.indices.shuffled(using: &chance).prefix(Int.random(in: 3...8, using: &chance))
        network.post(
            manifest, on: publisher,
            audience: isNarrower ? .named(some.map { network.nodes[$0].id }.sorted()) : .network)
        last = publisher
    }

    private mutating func deny() {
        guard let (file, publisher) = files.randomElement(using: &chance), let index = someone() else { return }
        let denial = Bool.random(using: &chance) ? Denial.file(file) : .publisher(network.nodes[publisher].id)
        network.deliver(.deny(denial), to: network.currentRun(of: index))
        last = index
    }

    private mutating func allow() {
        guard let index = someone(), let denial = network.nodes[index].process?.overlay.curator.denials.first else {
            return
        }
        network.deliver(.allow(denial), to: network.currentRun(of: index))
    }

    private mutating func ask(_ count: Int) {
        guard let (file, _) = files.randomElement(using: &chance) else { return }
        for number in 0..<count {
            guard let index = someone() else { return }
            _ = network.ask(file, at: index, near: network.nodes[index].place)
            last = index
            if number % 8 == 7 { network.run(for: .milliseconds(500)) }
        }
        if Bool.random(using: &chance), let holder = network.holders(of: file).randomElement(using: &chance) {
            last = holder
        }
    }

    private mutating func someone() -> Int? {
        network.nodes.indices.filter { network.nodes[$0].isUp }.randomElement(using: &chance)
    }

    /// Most of the nodes stay for good.
    private func mayLose(_ index: Int) -> Bool {
        network.nodes.count { $0.isGone } < world.topology.nodes.count / 4
    }

    // MARK: Healing

    /// A random majority comes back and reaches each other; the others are gone for good.
    mutating func heal() {
        let there = network.nodes.indices.filter { !network.nodes[$0].isGone }
        let size = Int.random(
            in: network.nodes.count / 2 + 1...max(network.nodes.count / 2 + 1, there.count), using: &chance)
        core = there.shuffled(using: &chance).prefix(size).sorted()
        for index in there where !core.contains(index) {
            network.crash(index)
            network.nodes[index].isGone = true
            network.excuseLosses(at: index)
        }
        network.heal(core)
    }

    /// From the first question to the file.
    private static let clientPatience = Duration.seconds(120)

    private var patience: Duration { Convergence.patience(pulse: world.topology.pulse) }

    private mutating func converge() {
        let healed = network.now
        // A complaint that lasts to the end of the patience is one.
        var complaint: (checker: String, sentence: String)?
        while network.now - healed < patience {
            network.run(for: .seconds(60))
            complaint = Convergence.complaint(about: network, core: core, files: files)
            if complaint == nil { break }
            if !network.violations.isEmpty { return }
        }
        if let complaint { return network.complain(complaint.checker, complaint.sentence) }
        peace = network.now - healed
        for file in Set(files.map(\.id)).sorted() { find(file) }
    }

    /// Somebody near each node of the core asks it for a file, and comes again as often as told to.
    mutating func find(_ file: FileID) {
        let expectation = Convergence.expectation(of: file, in: network, core: core)
        guard expectation != .anything else { return }
        let end = network.now + Self.clientPatience
        var asking = Convergence.doors(to: file, in: network, core: core)
        while !asking.isEmpty {
            let asked = asking.map { network.ask(file, at: $0, near: network.nodes[$0].place) }
            network.run(for: max(.zero, end - network.now)) { network in
                asked.allSatisfy { network.clients[$0]?.outcome != nil }
            }
            var (postponed, pause) = ([Int](), Duration.zero)
            for (index, client) in zip(asking, asked) {
                let outcome = network.clients[client]?.outcome
                if case .postponed(let wait) = outcome, network.now + wait < end {
                    postponed.append(index)
                    pause = max(pause, wait)
                } else if let sentence = Convergence.complaint(about: outcome, expecting: expectation) {
                    network.judge(Discovery.self, at: index, "\(sentence) \(file.brief)")
                    return
                }
            }
            network.run(for: pause)
            asking = postponed
        }
    }
}
