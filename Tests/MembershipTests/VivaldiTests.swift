import Primitives
import Testing

@testable import Membership

/// Coordinates among nodes whose true distances are known.
@Suite struct VivaldiTests {
    /// Nodes on a sphere, each behind a line of its own, and what packets between them take.
    private struct World {
        var nodes: [Vivaldi] = []
        var places: [Place] = []
        var lines: [Double] = []
        var generator: Generator
        var now = Instant.zero

        init(seed: UInt64, count: Int, isPlaced: Bool) {
            generator = Generator(seed: seed)
            for _ in 0..<count {
                let latitude = Int.random(in: -6_000...7_000, using: &generator)
                let longitude = Int.random(in: -18_000...18_000, using: &generator)
                guard let place = Place(latitudeHundredths: latitude, longitudeHundredths: longitude) else { continue }
                places.append(place)
                lines.append(.random(in: 0.5...15, using: &generator))
                nodes.append(Vivaldi(place: isPlaced ? place : nil, generator: generator.split()))
            }
        }

        /// Milliseconds: along the great circle with a detour, and both lines.
        func roundTrip(_ one: Int, _ other: Int) -> Double {
            places[one].distance(to: places[other]) * 0.015 + lines[one] + lines[other]
        }

        mutating func measure(_ one: Int, _ other: Int, delayed: Double = 0) {
            let milliseconds = roundTrip(one, other) + delayed
            let coordinate = nodes[other].coordinate ?? Coordinate(at: (0, 0, 0), height: 2.5, error: 1)
            nodes[one].measured(
                .nanoseconds(Int64(milliseconds * 1_000_000)), to: ShortID(UInt64(other)), at: coordinate, now)
        }

        mutating func run(rounds: Int, jitter: Double = 0) {
            for _ in 0..<rounds {
                now = now + .seconds(10)
                for one in nodes.indices {
                    let other = (one + .random(in: 1..<nodes.count, using: &generator)) % nodes.count
                    let isLate = Double.random(in: 0..<1, using: &generator) < 0.1
                    measure(one, other, delayed: isLate ? .random(in: 0...jitter, using: &generator) : 0)
                }
            }
        }

        /// The median over all pairs of what is foretold wrongly, as a part of what is true.
        var medianError: Double {
            let coordinates = nodes.indices.compactMap { nodes[$0].coordinate ?? Coordinate(places[$0]) }
            var errors: [Double] = []
            for one in nodes.indices {
                for other in nodes.indices where other != one {
                    let foretold = coordinates[one].roundTrip(to: coordinates[other])
                    let milliseconds = Double(foretold.wholeNanoseconds) / 1_000_000
                    errors.append((milliseconds - roundTrip(one, other)).magnitude / roundTrip(one, other))
                }
            }
            return errors.sorted()[errors.count / 2]
        }
    }

    @Test(
        "after two hundred samples round trips are foretold to a tenth, and to a fifth when every tenth sample is late")
    func converges() {
        for seed in UInt64(1)...2 {
            var calm = World(seed: seed, count: 80, isPlaced: false)
            calm.run(rounds: 200)
            var late = World(seed: seed, count: 80, isPlaced: false)
            late.run(rounds: 200, jitter: 500)
            #expect(calm.medianError < 0.1 && late.medianError < 0.2)
        }
    }

    @Test("who knows its place is nearly right from the beginning")
    func places() {
        for seed in UInt64(1)...2 {
            var world = World(seed: seed, count: 80, isPlaced: true)
            #expect(world.medianError < 0.1)
            world.run(rounds: 20)
            #expect(world.medianError < 0.1)
        }
    }

    @Test("a neighbour that lies about where it stands moves others by no more than its part of the samples")
    func liars() {
        for seed in UInt64(1)...2 {
            var world = World(seed: seed, count: 80, isPlaced: false)
            world.run(rounds: 200)
            let before = world.medianError
            let far = Coordinate(x: .max, y: .min, z: .max, height: .max, error: 0)
            for round in 0..<200 {
                world.run(rounds: 1)
                for node in world.nodes.indices where round % 20 == 0 {
                    world.nodes[node].measured(.milliseconds(1), to: ShortID(1_000), at: far, world.now)
                }
            }
            #expect(world.medianError < before + 0.15)
        }
    }

    @Test("drifts nowhere, and stays what can be told")
    func gravity() {
        var world = World(seed: 1, count: 20, isPlaced: false)
        for _ in 0..<10 {
            world.run(rounds: 200, jitter: 2_000)
            for node in world.nodes {
                #expect(node.position.offset < 1_000 && node.error <= 1)
            }
        }
    }
}
