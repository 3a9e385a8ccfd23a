import Primitives

@testable import Simulation

/// A report with something in every part of it: made up, and always the same.
enum SampleReport {
    /// Where nodes and clients are: degrees, and how many.
    private static let places: [(latitude: Double, longitude: Double, weight: Int)] = [
        (52.5, 13.4, 4), (48.9, 2.4, 4), (51.5, -0.1, 5), (40.4, -3.7, 2), (59.3, 18.1, 2), (50.1, 8.7, 3),
        (41.9, 12.5, 2), (52.2, 21.0, 2), (40.7, -74.0, 5), (37.8, -122.4, 4), (43.7, -79.4, 2), (19.4, -99.1, 2),
        (-23.5, -46.6, 3), (-34.6, -58.4, 1), (35.7, 139.7, 4), (1.3, 103.8, 2), (28.6, 77.2, 3), (22.3, 114.2, 2),
        (-33.9, 151.2, 2), (-36.8, 174.8, 1), (30.0, 31.2, 1), (-1.3, 36.8, 1), (-33.9, 18.4, 1), (6.5, 3.4, 2),
    ]

    static var report: WorldReport {
        var generator = Generator(seed: 7)
        let month = Duration.seconds(30 * 86_400)
        var report = WorldReport(
            world: WorldReport.World(
                name: "Bloggers",
                summary: "Sixty small publishers over the world, each with 2 to 32 GB a month to give.",
                seed: 7, length: month, nodes: 60, running: 59, files: 180, share: .gigabytes(12), loss: 0.005))
        for (index, place) in places.enumerated() {
            guard let middle = Place(latitude: place.latitude, longitude: place.longitude) else { continue }
            report.map.regions.append(
                WorldReport.Map.Region(place: middle, received: .gigabytes(Int64(place.weight * 9))))
            for _ in 0..<place.weight {
                let share = ByteCount.gigabytes(Int64.random(in: 2...32, using: &generator))
                let node = Place(
                    latitude: place.latitude + Double.random(in: -3...3, using: &generator),
                    longitude: place.longitude + Double.random(in: -3...3, using: &generator))
                guard let node else { continue }
                report.map.nodes.append(
                    WorldReport.Map.Node(
                        name: "blogger \(report.map.nodes.count + 1)", place: node, share: share,
                        spent: share.percent(Int64.random(in: 20...97, using: &generator)),
                        isUp: report.map.nodes.count != 17))
                let other = Int.random(in: 0..<places.count, using: &generator)
                for region in [index, other] {
                    let size = ByteCount.megabytes(
                        Int64.random(in: region == index ? 800...4000 : 20...600, using: &generator))
                    report.map.flows.append(
                        WorldReport.Map.Flow(region: region, node: report.map.nodes.count - 1, size: size))
                }
            }
        }
        report.map.flows.sort { ($1.size, $0.node) < ($0.size, $1.node) }
        fillTimes(&report, &generator)
        fillFigures(&report)
        return report
    }

    private static func fillTimes(_ report: inout WorldReport, _ generator: inout Generator) {
        let ends = report.map.nodes.map { $0.spent.fraction(of: $0.share) }
        report.spending = WorldReport.Spending(
            serving: .gigabytes(402), replication: .gigabytes(38), overlay: .gigabytes(2), answers: .megabytes(820),
            most: ends.max() ?? 0, period: .seconds(30 * 86_400))
        var spent = ends.map { _ in 0.0 }
        report.spending.lines = ends.map { _ in [] }
        for hour in stride(from: 0, through: 720, by: 4) {
            let part = Double(hour) / 720
            for (index, end) in ends.enumerated() {
                let jump = Double.random(in: 0...0.016, using: &generator) * end
                spent[index] = min(end, max(spent[index] + jump, end * part * 0.7))
                report.spending.lines[index].append(index == 17 && hour > 500 ? nil : spent[index])
            }
            let sorted = spent.sorted()
            report.spending.samples.append(
                WorldReport.Spending.Sample(
                    at: .seconds(hour * 3600), p10: sorted[sorted.count / 10], p50: sorted[sorted.count / 2],
                    p90: sorted[sorted.count * 9 / 10], max: sorted[sorted.count - 1]))
            let isFault = hour % 120 == 60
            report.agreement.samples.append(
                WorldReport.Agreement.Sample(
                    at: .seconds(hour * 3600), nodes: isFault ? 0.02 : 1, entries: isFault ? 0.983 : 1))
        }
        for hour in 0..<720 {
            let wave = 9 + 6 * Elementary.sin(Double(hour % 24) / 24 * 6.28 - 2)
            let crowd = (300..<330).contains(hour) ? 60.0 : 0
            let served = Int(wave + crowd + Double.random(in: -2...2, using: &generator))
            report.service.hours.append(
                WorldReport.Service.Hour(at: .seconds(hour * 3600), served: served, refused: crowd > 0 ? 6 : 0))
        }
        report.agreement.recoveries = [
            WorldReport.Agreement.Recovery(at: .zero, took: .milliseconds(2_400)),
            WorldReport.Agreement.Recovery(at: .seconds(216_000), took: .seconds(74)),
        ]
    }

    private static func fillFigures(_ report: inout WorldReport) {
        func durations(_ milliseconds: [Int]) -> Quantiles<Duration> {
            let values = milliseconds.map { Duration.milliseconds($0) }
            return Quantiles(count: 1234, p50: values[0], p90: values[1], p99: values[2], max: values[3])
        }
        func sizes(_ kilobytes: [Int64]) -> Quantiles<ByteCount> {
            let values = kilobytes.map { ByteCount($0 * 1000) }
            return Quantiles(count: 60, p50: values[0], p90: values[1], p99: values[2], max: values[3])
        }
        report.service.served = report.service.hours.reduce(0) { $0 + $1.served }
        report.service.refused = [.init(reason: "exhausted", count: 171), .init(reason: "cutOff", count: 9)]
        report.service.requests = report.service.served + 180
        (report.service.wanted, report.service.sent) = (.gigabytes(415), .gigabytes(402))
        report.service.optimum = .gigabytes(411)
        report.service.roundTrip = durations([31, 88, 171, 260])
        report.service.nearest = durations([27, 71, 140, 240])
        (report.service.meanRoundTrip, report.service.meanNearest) = (.milliseconds(42), .milliseconds(36))
        report.service.roundTripCurve = (1...50).map { .milliseconds(8 + $0 * $0 * $0 / 700) }
        report.service.nearestCurve = (1...50).map { .milliseconds(8 + $0 * $0 * $0 / 900) }
        report.service.replicas = 540
        (report.service.originCopies, report.service.originPerReplica) = (1.04, 0.35)
        report.service.sentPerReplica = 1.02
        report.gossip.sent = sizes([21_000, 31_000, 42_000, 44_000])
        report.gossip.received = sizes([21_500, 30_000, 41_000, 42_000])
        report.gossip.sentFor = WorldReport.Uses(
            pulses: .megabytes(15), news: .megabytes(4), probes: .megabytes(1), http: .megabytes(2))
        report.gossip.receivedFor = report.gossip.sentFor
        report.gossip.bound = .megabytes(120)
        report.gossip.bins = (0..<14).map { bin in
            let from = 14_000_000 * (10 + Int64(bin)) / 10
            return WorldReport.Bin(
                from: ByteCount(from), to: ByteCount(from + 1_400_000),
                nodes: [1, 2, 3, 6, 9, 12, 9, 7, 5, 3, 1, 1, 0, 1][bin])
        }
        report.gossip.statusesPerNodeAndDay = 6.2
        report.gossip.memberlist = [("LAN", Memberlist.lan), ("WAN", .wan)].map { name, defaults in
            WorldReport.Rival(
                name: "memberlist, \(name)", probes: defaults.probes(nodes: 60), tables: defaults.tables(nodes: 60),
                gossip: defaults.gossip(nodes: 60, updatesPerNodeAndDay: 6.2))
        }
        report.pulses = WorldReport.Pulses(
            interval: durations([41_000, 44_000, 61_000, 82_000]), meanInterval: .milliseconds(41_800),
            size: Quantiles(
                count: 99, p50: ByteCount(138), p90: ByteCount(138), p99: ByteCount(470), max: ByteCount(1180)),
            meanSize: ByteCount(152))
        report.news = WorldReport.News(
            age: durations([62_000, 170_000, 322_000, 700_000]), missing: 3, patience: .seconds(3600), statuses: 640,
            exhausted: durations([410, 800, 1_400, 1_400]), refilled: durations([390, 700, 1_100, 1_100]),
            deaths: durations([350, 600, 900, 900]), unspread: 0)
        report.liveness = WorldReport.Liveness(
            stopped: 60, firstVerdict: durations([70_000, 84_000, 101_000, 101_000]),
            lastVerdict: durations([80_000, 91_000, 111_000, 111_000]),
            known: durations([80_500, 92_000, 112_000, 112_000]), falseDeaths: 0, falseDeathsPerNodeAndDay: 0,
            wrongSuspicions: 12, wrongSuspicionsPerNodeAndDay: 0.007, wrongSpell: durations([300, 900, 2000, 2000]),
            passedOver: durations([1200, 1500, 1900, 1900]), wrongPasses: 4,
            wrongPassSpell: durations([300, 400, 600, 600]), wrongPassShare: 0.0004)
        report.coordinates = [(4.0, 0.42, 21), (16, 0.21, 9), (64, 0.13, 5), (256, 0.104, 3)].map {
            WorldReport.Coordinates(
                at: .seconds(Int($0.0 * 300)), samples: $0.0, error: $0.1, penalty: .milliseconds($0.2))
        }
    }
}
