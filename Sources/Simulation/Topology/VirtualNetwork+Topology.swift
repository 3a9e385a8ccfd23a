internal import Overlay
internal import Primitives

/// Worlds as topologies describe them.
extension VirtualNetwork {
    /// Members of one network from the beginning, with everybody's card; each starts at its time, posts its files, and
    /// meets what goes wrong. Nothing has happened yet.
    init(_ topology: Topology, seed: UInt64) {
        var conditions = Conditions()
        conditions.pulse = topology.pulse
        conditions.links = topology.links
        self.init(seed: seed, conditions: conditions)
        for node in topology.nodes { create(node) }
        introduceAll()
        for (index, node) in topology.nodes.enumerated() { schedule(.restart(index), at: .zero + node.startsAt) }
        market = Market(topology, generator: &generator)
        for (index, file) in topology.files.enumerated() { schedule(.posting(index), at: .zero + file.postedAt) }
        for region in market.regions { scheduleDemand(of: region) }
        for (crowd, begin) in market.crowdsBegin.enumerated() { schedule(.crowd(crowd), at: begin) }
        for fault in topology.faults { schedule(fault) }
    }

    /// Between two attempts to post a file on a node that does not run.
    private static let postingPause = Duration.seconds(60)

    /// A file of the topology is posted, as soon as its publisher runs.
    mutating func post(number: Int) {
        let file = market.files[number]
        guard nodes[file.publisher].isUp else { return schedule(.posting(number), after: Self.postingPause) }
        market.post(number, as: post(file.length, on: file.publisher, replicas: file.replicas))
    }

    // MARK: Demand

    private mutating func scheduleDemand(of region: Int) {
        guard let next = market.next(of: region, after: now) else { return }
        schedule(.demand(region), at: next)
    }

    /// Somebody of a region asks for something.
    mutating func demand(of region: Int) {
        if let question = market.draw(in: region) { put(question) }
        scheduleDemand(of: region)
    }

    /// One of a crowd asks; the next one does when it is his turn.
    mutating func crowd(_ index: Int) {
        guard let moment = market.next(ofCrowd: index) else { return }
        schedule(.crowdMember(index), at: max(now, moment))
    }

    mutating func crowdMember(_ index: Int) {
        if let question = market.draw(inCrowd: index) { put(question) }
        crowd(index)
    }

    private mutating func put(_ question: Market.Question) {
        ask(question.file, at: entry(of: question), from: question.station, isPassing: true)
    }

    /// The publisher's node; or any that runs, beginning somewhere.
    private func entry(of question: Market.Question) -> Int {
        guard let choice = question.choice, !nodes.isEmpty else { return question.publisher }
        let first = Int(choice % UInt64(nodes.count))
        let running = (0..<nodes.count).first { nodes[(first + $0) % nodes.count].isUp }
        return running.map { (first + $0) % nodes.count } ?? question.publisher
    }
}
