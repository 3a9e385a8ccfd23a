internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives

extension VirtualNetwork {
    /// What came of the run so far.
    mutating func report(name: String, summary: String = "", seed: UInt64) -> WorldReport {
        look()
        let shares = nodes.map(\.share)
        let world = WorldReport.World(
            name: name, summary: summary, seed: seed, length: now - .zero, nodes: nodes.count,
            running: nodes.count(where: \.isUp), files: measures.copying.files.count,
            share: shares.isEmpty ? .zero : shares.reduce(.zero, +) / Int64(shares.count),
            loss: conditions.links.loss)
        var report = WorldReport(world: world)
        report.violations = violations.map(\.description)
        report.gossip = gossip
        report.pulses = measures.pulsing.report
        report.news = measures.spreading.report(patience: measures.settings.patience)
        report.liveness = measures.judging.report(days: measures.days(at: now))
        report.agreement = measures.agreement.report(measures.history)
        report.spending = spending
        report.service = service
        report.coordinates = measures.coordinates.figures.map {
            WorldReport.Coordinates(at: $0.at - .zero, samples: $0.samples, error: $0.error, penalty: $0.penalty)
        }
        report.map = map
        return report
    }

    // MARK: The overlay's bytes

    private var gossip: WorldReport.Gossip {
        var gossip = WorldReport.Gossip()
        let monthly = measures.traffic.nodes.indices.compactMap { measures.traffic.monthly(of: $0, at: now) }
        let sent = monthly.map(\.sent.sum)
        gossip.sent = Quantiles(of: sent)
        gossip.received = Quantiles(of: monthly.map(\.received.sum))
        gossip.sentFor = WorldReport.Uses(meanOf: monthly.map(\.sent))
        gossip.receivedFor = WorldReport.Uses(meanOf: monthly.map(\.received))
        let bounds = nodes.map { node in
            let allowed = Double(Terms(share: node.share).guaranteed(.overlay).bytes)
            return ByteCount(Int64((allowed * (OverlayTraffic.month / node.machine.period)).rounded()))
        }
        gossip.bound = Quantiles(of: bounds)?.p50 ?? .zero
        gossip.beyondBound = nodes.indices.count { node in
            (measures.traffic.monthly(of: node, at: now)?.sent.sum ?? .zero) > bounds[node]
        }
        gossip.bins = WorldReport.Bin.logarithmic(sent)
        let days = measures.days(at: now)
        gossip.statusesPerNodeAndDay = days > 0 ? Double(measures.statuses) / days : 0
        gossip.memberlist = [("LAN", Memberlist.lan), ("WAN", .wan)].map { name, defaults in
            WorldReport.Rival(
                name: "memberlist, \(name)", probes: defaults.probes(nodes: nodes.count),
                tables: defaults.tables(nodes: nodes.count),
                gossip: defaults.gossip(
                    nodes: nodes.count, updatesPerNodeAndDay: gossip.statusesPerNodeAndDay))
        }
        return gossip
    }

    // MARK: The allowances

    private var spending: WorldReport.Spending {
        var spending = WorldReport.Spending()
        for totals in measures.spent {
            spending.serving += totals.serving
            spending.replication += totals.replication
            spending.overlay += totals.overlay
            spending.answers += totals.answers
        }
        let samples = measures.history.samples
        spending.most = samples.map(\.spent.max).max() ?? 0
        spending.samples = samples.map {
            WorldReport.Spending.Sample(
                at: $0.at - .zero, p10: $0.spent.p10, p50: $0.spent.p50, p90: $0.spent.p90, max: $0.spent.max)
        }
        if nodes.count <= History.followed {
            spending.lines = nodes.indices.map { node in
                samples.map { $0.each.indices.contains(node) ? $0.each[node].map { Double($0) } : nil }
            }
        }
        let period = nodes.lazy.compactMap(\.process?.door.period).first
        spending.period = period.map { $0.ends - $0.starts } ?? .zero
        return spending
    }

    // MARK: The clients

    private var service: WorldReport.Service {
        var service = WorldReport.Service()
        let serving = measures.serving
        service.requests = serving.hours.reduce(0) { $0 + $1.requests }
        service.served = serving.hours.reduce(0) { $0 + $1.served }
        service.redirects = serving.redirects
        let refusals = serving.refusals.sorted { ($1.count, $0.reason.rawValue) < ($0.count, $1.reason.rawValue) }
        service.refused = refusals.map { WorldReport.Service.Refusal(reason: $0.reason.rawValue, count: $0.count) }
        service.wanted = serving.hours.reduce(.zero) { $0 + $1.wanted }
        service.sent = serving.hours.reduce(.zero) { $0 + $1.sent }
        service.optimum = Optimum.served(serving.hours.map(\.wanted), from: allowances).reduce(.zero, +)
        service.hours = serving.hours.enumerated().map { hour, counts in
            WorldReport.Service.Hour(at: .seconds(hour * 3600), served: counts.served, refused: counts.refused)
        }
        service.roundTrip = serving.roundTrips.durations
        service.nearest = serving.nearestRoundTrips.durations
        if serving.roundTrips.count > 0 {
            service.meanRoundTrip = .nanoseconds(Int64(serving.roundTrips.mean.rounded()))
            service.meanNearest = .nanoseconds(Int64(serving.nearestRoundTrips.mean.rounded()))
            service.roundTripCurve = serving.roundTrips.curve
            service.nearestCurve = serving.nearestRoundTrips.curve
        }
        addCopying(to: &service)
        return service
    }

    /// What each node may send clients, period by period, from the world's beginning to now.
    private var allowances: [Optimum.Allowance] {
        let end = max(1, measures.serving.hours.count)
        return nodes.flatMap { node -> [Optimum.Allowance] in
            let size = Terms(share: node.share).ceiling(.serving)
            var allowances: [Optimum.Allowance] = []
            var hour = 0
            while hour < end {
                let ends = Conditions.period(of: node.machine.period, at: Self.epoch + .seconds(hour * 3600)).ends
                let next = max(hour + 1, Int(((ends - Self.epoch).wholeMilliseconds + 3_599_999) / 3_600_000))
                allowances.append(Optimum.Allowance(hours: hour..<next, size: size))
                hour = next
            }
            return allowances
        }
    }

    private func addCopying(to service: inout WorldReport.Service) {
        let copied = measures.copying.files.values.filter { $0.copies > 0 && $0.length > .zero }
        service.replicas = copied.reduce(0) { $0 + $1.copies }
        guard service.replicas > 0 else { return }
        let whole = copied.reduce(.zero) { $0 + $1.length * Int64($1.copies) }
        service.originPerReplica = copied.reduce(.zero) { $0 + $1.fromPublisher }.fraction(of: whole)
        service.sentPerReplica = copied.reduce(.zero) { $0 + $1.sent }.fraction(of: whole)
        let origins = copied.map { $0.fromPublisher.fraction(of: $0.length) }
        service.originCopies = Quantiles(of: origins)?.p50
    }

    // MARK: The map

    private var map: WorldReport.Map {
        var map = WorldReport.Map()
        var positions: [Int: Int] = [:]
        for (index, node) in nodes.enumerated() {
            guard let place = node.place else { continue }
            positions[index] = map.nodes.count
            let spent = measures.spent.indices.contains(index) ? measures.spent[index].sum : .zero
            map.nodes.append(
                WorldReport.Map.Node(
                    name: node.card.value.name, place: place, share: node.share, spent: spent, isUp: node.isUp))
        }
        var received = Array(repeating: ByteCount.zero, count: measures.serving.places.count)
        let flows = measures.serving.flows.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        for (path, size) in flows {
            received[path.place] += size
            guard let node = positions[path.node], map.flows.count < WorldReport.Map.flowLimit else { continue }
            map.flows.append(WorldReport.Map.Flow(region: path.place, node: node, size: size))
        }
        map.regions = zip(measures.serving.places, received).map {
            WorldReport.Map.Region(place: $0, received: $1)
        }
        return map
    }
}

// MARK: -

extension WorldReport.Uses {
    init(meanOf traffic: [OverlayTraffic.Monthly]) {
        func mean(_ use: OverlayUse) -> ByteCount {
            traffic.reduce(.zero) { $0 + $1[use] } / Int64(max(1, traffic.count))
        }
        self.init(pulses: mean(.pulses), news: mean(.news), probes: mean(.probes), http: mean(.http))
    }
}

extension WorldReport.Bin {
    /// Half quarter powers of two wide: eight to a doubling's double, so that a narrow distribution still has a shape.
    static func logarithmic(_ values: [ByteCount]) -> [WorldReport.Bin] {
        let sorted = values.filter { $0 > .zero }.sorted()
        guard let first = sorted.first, let last = sorted.last else { return [] }
        let step = 1.090_507_732_665_257_7  // 2^(1/8)
        var bins: [WorldReport.Bin] = []
        var (from, index) = (Double(first.bytes), 0)
        while index < sorted.count, bins.count < 400 {
            let to = from * step
            let upper = ByteCount(Int64(to.rounded(.up)))
            let end = sorted[index...].firstIndex { $0 >= upper } ?? sorted.count
            bins.append(
                WorldReport.Bin(from: ByteCount(Int64(from.rounded(.up))), to: upper, nodes: end - index))
            (from, index) = (to, end)
            if upper > last { break }
        }
        return bins
    }
}

extension Distribution {
    /// Of durations: the quantiles by fiftieths.
    fileprivate var curve: [Duration] { (1...50).map { .nanoseconds(quantile(Double($0) / 50)) } }
}

extension Pulsing {
    var report: WorldReport.Pulses {
        guard sizes.count > 0 else { return WorldReport.Pulses() }
        return WorldReport.Pulses(
            interval: intervals.durations,
            meanInterval: intervals.count > 0 ? .nanoseconds(Int64(intervals.mean.rounded())) : nil,
            size: sizes.quantiles { ByteCount($0) }, meanSize: ByteCount(Int64(sizes.mean.rounded())))
    }
}

extension Spreading {
    func report(patience: Duration) -> WorldReport.News {
        WorldReport.News(
            age: ages.durations, missing: missing, patience: patience, statuses: statuses,
            exhausted: exhausted.durations, refilled: refilled.durations, deaths: deaths.durations, unspread: unspread,
            unfollowed: unfollowed)
    }
}

extension Judging {
    func report(days: Double) -> WorldReport.Liveness {
        WorldReport.Liveness(
            stopped: stopped, firstVerdict: firstVerdicts.durations, lastVerdict: convictions.durations,
            known: burials.durations, falseDeaths: falseDeaths,
            falseDeathsPerNodeAndDay: days > 0 ? Double(falseDeaths) / days : 0, wrongSuspicions: wrongSuspicions,
            wrongSuspicionsPerNodeAndDay: days > 0 ? Double(wrongSuspicions) / days : 0,
            wrongSpell: wrongSpells.durations, passedOver: passedOver.durations, wrongPasses: wrongPasses,
            wrongPassSpell: wrongPassSpells.durations,
            wrongPassShare: busySeconds > 0 ? wrongPassSpells.sum / 1e9 / Double(busySeconds) : nil)
    }
}

extension Agreement {
    func report(_ history: History) -> WorldReport.Agreement {
        WorldReport.Agreement(
            samples: history.samples.map {
                WorldReport.Agreement.Sample(at: $0.at - .zero, nodes: $0.agreement, entries: $0.entries)
            },
            recoveries: recoveries.map { WorldReport.Agreement.Recovery(at: $0.since - .zero, took: $0.took) },
            isComplete: isComplete)
    }
}
