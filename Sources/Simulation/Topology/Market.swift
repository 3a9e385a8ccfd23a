internal import Primitives

/// What the clients of a world ask for: which file of those that are posted, from where, and when.
///
/// Requests of one region follow a Poisson process of their own, from a generator of their own, so that nothing else
/// that happens in the world shifts them.
struct Market {
    /// One place where clients are.
    private struct Stream {
        let place: Place?
        /// In the mean.
        let perDay: Double
        var generator: Generator
    }

    private struct Crowd {
        let crowd: Topology.FlashCrowd
        var begun = 0
        var generator: Generator
    }

    let files: [Topology.File]
    let demand: Topology.Demand
    /// What became of each file: nothing before it is posted.
    private(set) var posted: [FileID?]
    private var streams: [Stream]
    private var crowds: [Crowd]
    /// Of the files that are posted.
    private var popularity: WeightedPositions
    /// Of the regions.
    private var weights: WeightedPositions

    /// Nobody asks for anything.
    static let none = {
        var generator = Generator(seed: 0)
        return Market(Topology(), generator: &generator)
    }()

    init(_ topology: Topology, generator: inout Generator) {
        files = topology.files
        demand = topology.demand
        posted = Array(repeating: nil, count: files.count)
        popularity = WeightedPositions(count: files.count)
        weights = WeightedPositions(count: topology.clients.count)
        let total = topology.clients.reduce(0) { $0 + $1.weight }
        streams = []
        for (index, region) in topology.clients.enumerated() {
            let part = total > 0 ? region.weight / total : 0
            weights.add(part, at: index)
            streams.append(
                Stream(
                    place: region.place, perDay: Double(topology.demand.requestsPerDay) * part,
                    generator: generator.split()))
        }
        crowds = topology.demand.flashCrowds.map { Crowd(crowd: $0, generator: generator.split()) }
    }

    var regions: Range<Int> { streams.indices }

    mutating func post(_ file: Int, as id: FileID) {
        guard posted[file] == nil else { return }
        posted[file] = id
        popularity.add(Elementary.exp(-demand.exponent * Elementary.log(Double(file + 1))), at: file)
    }

    // MARK: Everyday demand

    private static let day = 86_400.0

    /// When somebody of a region asks next; nothing where nobody does. By thinning: of requests at the busiest hour's
    /// rate, as many are left out as the hour has fewer (Lewis and Shedler, 1979).
    mutating func next(of region: Int, after now: Instant) -> Instant? {
        guard streams[region].perDay > 0 else { return nil }
        let busiest = streams[region].perDay * (1 + demand.rhythm) / Self.day
        var moment = now
        while moment - now < Topology.longest {
            let pause = streams[region].generator.exponential(limit: 40) / busiest
            moment = moment + .nanoseconds(Int64(min(pause, 1e8) * 1e9))
            let part = rhythm(at: moment, streams[region].place) / (1 + demand.rhythm)
            if streams[region].generator.unit() < part { return moment }
        }
        return nil
    }

    /// How busy the hour is at a place, beside the mean.
    func rhythm(at moment: Instant, _ place: Place?) -> Double {
        guard demand.rhythm > 0 else { return 1 }
        let universal = Double((VirtualNetwork.epoch + (moment - .zero)).milliseconds % 86_400_000) / 86_400_000
        let local = universal + Double(place?.longitude ?? 0) / 36_000
        // 20:00 is the busiest hour.
        let angle = (local - (local).rounded(.down) - 20.0 / 24) * 2 * .pi
        return 1 + demand.rhythm * Elementary.cos(angle)
    }

    /// What somebody of a region asks for; nothing before anything is posted.
    mutating func draw(in region: Int) -> Question? {
        guard let file = popularity.draw(streams[region].generator.unit()), let id = posted[file] else { return nil }
        return question(file, id, from: streams[region].place, &streams[region].generator)
    }

    // MARK: Flash crowds

    var crowdsBegin: [Instant] { crowds.map { .zero + $0.crowd.at } }

    /// When the next of a crowd asks, evenly over its time; nothing when all have.
    mutating func next(ofCrowd index: Int) -> Instant? {
        let crowd = crowds[index].crowd
        guard crowds[index].begun < crowd.requests else { return nil }
        let turn = Double(crowds[index].begun) + crowds[index].generator.unit()
        crowds[index].begun += 1
        let time = Double(crowd.duration.wholeNanoseconds) * turn / Double(crowd.requests)
        return .zero + crowd.at + .nanoseconds(Int64(time))
    }

    /// What one of a crowd asks for; nothing where the file is not posted.
    mutating func draw(inCrowd index: Int) -> Question? {
        let file = crowds[index].crowd.file
        guard let id = posted[file], let region = weights.draw(crowds[index].generator.unit()) else { return nil }
        return question(file, id, from: streams[region].place, &crowds[index].generator)
    }

    private func question(_ file: Int, _ id: FileID, from place: Place?, _ generator: inout Generator) -> Question {
        let word = generator.next()
        return Question(
            file: id, publisher: files[file].publisher,
            station: Station(word: word, place: place, access: Station.Line.home.draw(using: &generator)),
            choice: demand.entry == .anybody ? generator.next() : nil)
    }
}

extension Market {
    /// Somebody wants a file.
    struct Question {
        let file: FileID
        let publisher: Int
        let station: Station
        /// Picks the node that is asked first; nothing where that is the publisher's.
        let choice: UInt64?
    }
}

/// Positions that are drawn by their weights, which are added one by one (a Fenwick tree).
struct WeightedPositions {
    private var tree: [Double]
    private let top: Int

    init(count: Int) {
        tree = Array(repeating: 0, count: count + 1)
        var top = 1
        while top * 2 <= count { top *= 2 }
        self.top = top
    }

    private(set) var total = 0.0

    mutating func add(_ weight: Double, at position: Int) {
        total += weight
        var node = position + 1
        while node < tree.count {
            tree[node] += weight
            node += node & -node
        }
    }

    /// The position at this part of all weights, 0 to below 1; nothing while there are none.
    func draw(_ part: Double) -> Int? {
        guard total > 0 else { return nil }
        var left = part * total
        var node = 0
        var step = top
        while step > 0 {
            if node + step < tree.count, tree[node + step] <= left {
                node += step
                left -= tree[node]
            }
            step /= 2
        }
        return min(node, tree.count - 2)
    }
}
