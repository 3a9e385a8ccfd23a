import Foundation
import Primitives
import Testing

@testable import Membership

/// Lifeguard: who hears badly is slow to accuse.
@Suite struct HealthTests {
    @Test("health worsens up to eight, improves down to nought, and waits follow it")
    func score() {
        var health = LocalHealth()
        health.improve()
        func wait(_ interval: Duration) -> Duration { health.scaled(.seconds(1), interval: interval) }
        #expect(wait(.seconds(60)) == .seconds(1) && health.patience(.seconds(4)) == .seconds(4))
        health.worsen(unheard: 2)
        #expect(wait(.seconds(60)) == .seconds(3) && health.patience(.seconds(4)) == .seconds(5))
        #expect(wait(.seconds(8)) == .seconds(2) && wait(.seconds(2)) == .seconds(1))
        health.worsen(unheard: 100)
        #expect(health.score == 4, "helpers may be dead")
        for _ in 0..<10 { health.worsen() }
        health.worsen(unheard: 1)
        #expect(health.score == 8 && wait(.seconds(60)) == .seconds(9) && health.patience(.seconds(4)) == .seconds(8))
        for _ in 0..<8 { health.improve() }
        #expect(health == LocalHealth())
    }

    @Test("who hears nobody blames itself, and not who is dead while helpers say so")
    func blame() {
        for seed in UInt64(1)...5 {
            var field = Field(8, seed: seed, settings: Roster.Settings(pulse: .seconds(4)))
            field.run(for: .seconds(30))
            #expect(field.stations.allSatisfy { $0.roster.health.score == 0 })
            field.stations[7].isUp = false
            field.run(for: .seconds(5))
            #expect(field.stations[0..<7].allSatisfy { $0.roster.health.score <= 1 }, "seed \(seed)")
            field.run(for: .seconds(20))
            // Nobody hears it, and it hears nobody.
            field.delay = { one, other, generator in one == 0 || other == 0 ? 100 : 0.01 }
            field.run(for: .seconds(8))
            #expect(field.stations[0].roster.health.score >= 3, "seed \(seed)")
        }
    }

    @Test("who handles its own deadlines late counts itself unwell, until answers come at once again")
    func lateness() {
        var field = Field(4, seed: 1, settings: Roster.Settings(pulse: .seconds(2)))
        field.run(for: .seconds(20))
        guard let due = field.stations[0].roster.nextDeadline else { return }
        var actions: [Roster.Action] = []
        field.stations[0].roster.handle(.wake, at: due + .seconds(1), into: &actions)
        #expect(field.stations[0].roster.health.score == 1)
        field.run(for: .seconds(20))
        #expect(field.stations[0].roster.health.score == 0)
    }

    @Test("where a fifth is lost and a twentieth of the nodes are slow, nobody is falsely held dead")
    func falseDeaths() {
        // A day of so many nodes as are asked for, in a release; a few minutes of few nodes otherwise.
        let wanted = ProcessInfo.processInfo.environment["POTLUCK_DAY"].flatMap { Int($0) }
        let isWhole = wanted != nil
        let count = wanted ?? 40
        var settings = Roster.Settings(pulse: isWhole ? .seconds(120) : .seconds(30))
        settings.viewLimit = 6
        var field = Field(count, seed: 1, settings: settings)
        for index in field.stations.indices where index % 20 == 0 { field.stations[index].lag = 1...5 }
        field.loss = 0.2
        field.run(for: isWhole ? .seconds(86_400) : .seconds(1_200))
        print(
            "\(count) nodes: \(field.falselyDead.count) falsely dead, suspected \(field.suspicions) times, "
                + "\(field.datagrams) datagrams")
        #expect(field.falselyDead.count <= count / 1_000)
    }
}
