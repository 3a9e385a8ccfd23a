import Primitives
import Testing

@testable import Simulation

@Suite("The clients of a world")
struct MarketTests {
    private static let seeds: ClosedRange<UInt64> = 1...8

    private func market(seed: UInt64, _ change: (inout Topology) -> Void) -> Market {
        var topology = Topology()
        topology.nodes = [Topology.Node()]
        topology.clients = [
            Topology.Region(place: Place(latitude: 0, longitude: 0), weight: 3),
            Topology.Region(place: Place(latitude: 0, longitude: 180), weight: 1),
        ]
        topology.files = (0..<50).map { _ in Topology.File(length: .megabytes(1), publisher: 0) }
        topology.demand.requestsPerDay = 2_000
        change(&topology)
        var generator = Generator(seed: seed)
        var market = Market(topology, generator: &generator)
        for (index, _) in topology.files.enumerated() { market.post(index, as: file(index)) }
        return market
    }

    private func file(_ index: Int) -> FileID { FileID(Bytes32(UInt64(index), 0, 0, 0)) }

    /// When a region's clients ask within so many days.
    private func moments(of region: Int, _ market: inout Market, days: Int) -> [Instant] {
        var moments: [Instant] = []
        var now = Instant.zero
        while let next = market.next(of: region, after: now), next - .zero < .seconds(86_400 * days) {
            moments.append(next)
            now = next
        }
        return moments
    }

    @Test("ask as often as they should, in proportion to their weights", arguments: seeds)
    func frequency(seed: UInt64) {
        var market = market(seed: seed) { $0.demand.rhythm = 0.8 }
        let (many, few) = (moments(of: 0, &market, days: 5).count, moments(of: 1, &market, days: 5).count)
        // Five standard deviations of a Poisson process.
        #expect(abs(Double(many) - 7_500) < 5 * 87)
        #expect(abs(Double(few) - 2_500) < 5 * 50)
    }

    @Test("ask most in the evening of where they are", arguments: [0, 1])
    func rhythm(region: Int) {
        var market = market(seed: 7) { $0.demand.rhythm = 0.9 }
        var hours = Array(repeating: 0, count: 24)
        for moment in moments(of: region, &market, days: 20) {
            let milliseconds = (VirtualNetwork.epoch + (moment - .zero)).milliseconds + (region == 1 ? 43_200_000 : 0)
            hours[Int(milliseconds / 3_600_000 % 24)] += 1
        }
        let evening = hours[18..<22].reduce(0, +)
        let morning = hours[6..<10].reduce(0, +)
        // 1.86 of the mean in these four hours, 0.14 in those.
        #expect(evening > 8 * morning)
    }

    @Test("ask for the k-th file in proportion to k to the power of −exponent", arguments: seeds)
    func popularity(seed: UInt64) {
        var market = market(seed: seed) { $0.demand.exponent = 1 }
        var counts = Array(repeating: 0, count: 50)
        for _ in 0..<20_000 {
            guard let question = market.draw(in: 0) else { continue }
            counts[(0..<50).first { file($0) == question.file } ?? 0] += 1
        }
        #expect(counts.reduce(0, +) == 20_000)
        let sum = (1...50).reduce(0) { $0 + 1 / Double($1) }
        for (index, count) in counts.enumerated() {
            let expected = 20_000 / sum / Double(index + 1)
            #expect(abs(Double(count) - expected) < 6 * expected.squareRoot(), "file \(index + 1)")
        }
    }

    @Test("of a flash crowd come evenly over its time, all of them, for its one file")
    func crowd() {
        var market = market(seed: 3) {
            $0.demand.flashCrowds = [
                Topology.FlashCrowd(file: 4, at: .seconds(3600), for: .seconds(7200), requests: 100)
            ]
        }
        #expect(market.crowdsBegin == [.zero + .seconds(3600)])
        var moments: [Instant] = []
        while let moment = market.next(ofCrowd: 0) {
            moments.append(moment)
            #expect(market.draw(inCrowd: 0)?.file == file(4))
        }
        #expect(moments.count == 100)
        for (index, moment) in moments.enumerated() {
            let turn = Duration.seconds(3600) + .seconds(72) * index
            #expect((turn...turn + .seconds(72)).contains(moment - .zero))
        }
    }

    @Test("ask for nothing that is not posted")
    func nothing() {
        var topology = Topology()
        topology.clients = [Topology.Region()]
        topology.files = [Topology.File(length: .megabytes(1), publisher: 0)]
        topology.demand.requestsPerDay = 10
        var generator = Generator(seed: 1)
        var market = Market(topology, generator: &generator)
        #expect(market.draw(in: 0)?.file == nil)
        #expect(market.next(of: 0, after: .zero) != nil)
    }

    @Test("are drawn by their weights, whatever they are and whenever they came", arguments: seeds)
    func weights(seed: UInt64) {
        var generator = Generator(seed: seed)
        let weights = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
            Bool.random(using: &generator) ? 0 : Double.random(in: 0...5, using: &generator)
        }
        var positions = WeightedPositions(count: weights.count)
        #expect(positions.draw(0.5) == nil)
        for index in weights.indices.shuffled(using: &generator) { positions.add(weights[index], at: index) }
        let total = weights.reduce(0, +)
        guard total > 0 else { return }
        for step in 0..<200 {
            let part = (Double(step) + 0.5) / 200
            var left = part * total
            let expected = weights.firstIndex { weight in
                left -= weight
                return left < 0
            }
            #expect(positions.draw(part) == expected)
        }
    }
}
