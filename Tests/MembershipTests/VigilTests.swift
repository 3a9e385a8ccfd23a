import Primitives
import Testing

@testable import Membership

/// The watch over holders that many clients are sent to.
@Suite struct VigilTests {
    /// 2 Mbit/s, the least that is watched.
    private static let rate = ByteCount(250_000)

    /// Two nodes far apart in time, and no pulses to speak of.
    private func field(seed: UInt64, loss: Double = 0, roundTrip: ClosedRange<Double> = 0.25...0.3) -> Field {
        var settings = Roster.Settings(pulse: .seconds(600))
        settings.farSpacing = .seconds(1_000_000)
        var field = Field(3, seed: seed, settings: settings)
        field.delay = { _, _, generator in .random(in: roundTrip, using: &generator) / 2 }
        field.run(for: .seconds(5))
        field.loss = loss
        return field
    }

    private func isPassedOver(_ field: Field) -> Bool { field.stations[0].roster.isPassedOver(field.id(1)) }

    /// Clients are sent to node 1 for so many seconds, as long as it is not passed over; what goes on in each tenth of
    /// a second is looked at.
    private func send(
        _ field: inout Field, seconds: Int, rate: ByteCount = rate, _ look: (Field) -> Void = { _ in }
    ) -> ByteCount {
        var sent = ByteCount.zero
        for _ in 0..<seconds {
            if !isPassedOver(field) {
                field.deliver(.redirected(to: field.id(1), rate, perSecond: rate), to: 0)
                sent += rate
            }
            for _ in 0..<10 {
                field.run(for: .milliseconds(100))
                look(field)
            }
        }
        return sent
    }

    @Test(
        "a busy holder that dies is passed over within two seconds, whatever is lost, and served again when it answers",
        arguments: [0, 0.1, 0.2])
    func deaths(loss: Double) {
        var latest = Duration.zero
        for seed in UInt64(1)...40 {
            var field = field(seed: seed, loss: loss)
            _ = send(&field, seconds: 10 + Int(seed) % 3)
            // Told every second, as the door does; dead at any moment between.
            let before = Duration.milliseconds(Int64(seed) * 241 % 1_000)
            field.deliver(.redirected(to: field.id(1), Self.rate, perSecond: Self.rate), to: 0)
            field.run(for: before)
            if isPassedOver(field) { continue }
            field.stations[1].isUp = false
            let died = field.now
            for pause in [.seconds(1) - before, .seconds(1), before] {
                if field.run(for: pause, until: isPassedOver) { break }
                field.deliver(.redirected(to: field.id(1), Self.rate, perSecond: Self.rate), to: 0)
            }
            let isFound = isPassedOver(field)
            latest = max(latest, field.now - died)
            #expect(isFound, "seed \(seed)")
            field.run(for: .seconds(20))
            let staysSo = isPassedOver(field)
            field.loss = 0
            field.stations[1].isUp = true
            let isBack = field.run(for: .seconds(61)) { !isPassedOver($0) }
            #expect(staysSo && isBack, "seed \(seed)")
        }
        print("busy holder, \(loss) lost each way: passed over \(latest) after its death at the latest")
    }

    @Test("a live one is passed over for no more than two parts in a hundred of the time", arguments: [0, 0.1, 0.2])
    func mistakes(loss: Double) {
        var (looked, passedOver) = (0, 0)
        var sent = ByteCount.zero
        var probes = 0
        for seed in UInt64(1)...5 {
            var field = field(seed: seed, loss: loss)
            let before = field.probes[0] ?? 0
            sent += send(&field, seconds: 2_000) { field in
                looked += 1
                if isPassedOver(field) { passedOver += 1 }
            }
            probes += (field.probes[0] ?? 0) - before
        }
        let part = Double(passedOver) / Double(looked)
        let cost = Double(probes) * Double(Vigil.probeSize.bytes) / Double(sent.bytes)
        print("busy holder, \(loss) lost each way: passed over \(part) of the time, probes \(cost) of the bytes")
        #expect(part <= 0.02)
        #expect(cost <= 0.001)
        #expect(loss > 0 || passedOver == 0)
    }

    @Test("an idle holder costs nothing, and one that was busy nothing any more")
    func idle() {
        var field = field(seed: 1)
        field.run(for: .seconds(300))
        let before = field.probes[0] ?? 0
        _ = send(&field, seconds: 10)
        field.run(for: .seconds(5))
        let after = field.probes[0] ?? 0
        let isOften = (10...26).contains(after - before)
        field.run(for: .seconds(300))
        let isOver = field.probes[0] ?? 0 == after
        #expect(isOften && isOver, "\(after - before)")
    }

    @Test("however many holders are named, only so many are watched, and the busiest first")
    func bound() {
        var settings = Roster.Settings(pulse: .seconds(600))
        settings.viewLimit = 2
        var field = Field(Vigil.limit + 20, seed: 3, settings: settings)
        field.run(for: .seconds(5))
        for index in 1..<field.stations.count {
            let rate = ByteCount(Int64(250_000 + index * 1_000))
            field.deliver(.redirected(to: field.id(index), rate, perSecond: rate), to: 0)
        }
        field.deliver(.redirected(to: field.id(0), Self.rate, perSecond: Self.rate), to: 0)
        let watched = field.stations[0].roster.vigils.map(\.member)
        let busiest = (20..<Vigil.limit + 20).map { field.id($0).short }.sorted()
        #expect(watched == busiest)
    }

    @Test("amounts that make no sense are no harm")
    func nonsense() {
        var field = field(seed: 1)
        for amount in [Int64.min, -1, 0, .max] {
            field.deliver(.redirected(to: field.id(1), ByteCount(amount), perSecond: ByteCount(amount)), to: 0)
            field.run(for: .seconds(2))
        }
        let count = field.stations[0].roster.vigils.count
        #expect(count <= 1)
    }
}
