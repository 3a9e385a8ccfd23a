internal import Membership
internal import Overlay
internal import Primitives

/// Worlds as topologies describe them.
extension VirtualNetwork {
    /// Each joins at its time, posts its files, and meets what goes wrong. Nothing has happened yet.
    init(_ topology: Topology, seed: UInt64) {
        var conditions = Conditions()
        conditions.pulse = topology.pulse
        conditions.links = topology.links
        self.init(seed: seed, conditions: conditions)
        measures = Measures(Measures.Settings(length: topology.length))
        for node in topology.nodes { create(node) }
        introduceEarlier(topology.nodes.map(\.startsAt))
        for (index, node) in topology.nodes.enumerated() { schedule(.restart(index), at: .zero + node.startsAt) }
        market = Market(topology, generator: &generator)
        for (index, file) in topology.files.enumerated() { schedule(.posting(index), at: .zero + file.postedAt) }
        for region in market.regions { scheduleDemand(of: region) }
        for (crowd, begin) in market.crowdsBegin.enumerated() { schedule(.crowd(crowd), at: begin) }
        for fault in topology.faults { schedule(fault) }
    }

    /// Who joins is handed the cards of those who are there: on each disk are those of who started before. Neighbours in
    /// time share one list, a hundredth of the network each, and the first of them know each other.
    private mutating func introduceEarlier(_ starts: [Duration]) {
        let order = nodes.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
        for index in nodes.indices where starts[index] == .zero { dateBack(index) }
        let cards = nodes.map { $0.card.part(News.card) }
        var begin = 0
        while begin < order.count {
            var end = min(begin + max(1, order.count / 100), order.count)
            while end < order.count, starts[order[end]] == starts[order[end - 1]] { end += 1 }
            let known = order[..<(begin == 0 ? end : begin)].map { cards[$0] }
            let sorted = known.sorted { $0.value.subject < $1.value.subject }
            for index in order[begin..<end] { nodes[index].disk.install(sorted) }
            begin = end
        }
    }

    /// Between two attempts to post a file on a node that does not run, or has no room.
    private static let postingPause = Duration.seconds(60)

    /// A file of the topology is posted, as soon as its publisher runs and has room.
    mutating func post(number: Int) {
        let file = market.files[number]
        guard nodes[file.publisher].isUp, !nodes[file.publisher].troubles.isDiskFull else {
            return schedule(.posting(number), after: Self.postingPause)
        }
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
