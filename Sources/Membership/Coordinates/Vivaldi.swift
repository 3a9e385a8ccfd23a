public import Primitives

/// Where this node stands in the space of round trips: learned from those it measured, told to others, and good for
/// foretelling those that nobody measured.
///
/// Vivaldi with height vectors (Dabek, Cox, Kaashoek and Morris, SIGCOMM 2004, section 5.4), with what it needs outside the
/// laboratory (Ledlie, Gardner and Seltzer, "Network Coordinates in the Wild", NSDI 2007): a filter over the samples of
/// each neighbour, and gravity against drifting. A window of neighbours makes the most of every sample: each new one moves
/// this node also by some of those measured before, against where these neighbours stand now.
public struct Vivaldi: Sendable {
    /// Everything in milliseconds. Spelled out, and no vector: what is not optimised is tested a great deal.
    struct Position: Equatable, Sendable {
        var x: Double
        var y: Double
        var z: Double
        var height: Double

        /// From the middle, without the height.
        var offset: Double { (x * x + y * y + z * z).squareRoot() }
    }

    /// How far a sample moves this node at most, as a part of the error it shows: c_c of the paper …
    static let movement = 0.25
    /// … for so many samples, half as far after twice as many, and so on. No space holds all round trips there are, and
    /// the steps that find a place soon throw a node about that place for ever after. After a thousand samples, what is
    /// foretold between measured hosts errs by 0.073 instead of 0.079 in the middle, and the nearest of three is missed
    /// by 2.1 ms instead of 2.4 …
    static let calming = 250.0
    /// … but never less far: the network changes.
    static let leastMovement = 0.05
    /// How much a sample says of this node's relative error (c_e).
    static let learning = 0.1
    /// A coordinate is no better than this, whatever it says of itself.
    static let leastError = 0.05
    static let mostError = 1.0
    /// A part of each path that every path of a node has.
    static let leastHeight = 0.1
    /// However far off a neighbour says it is, a sample moves no further than this: liars may pull, but not throw.
    static let longestMove = 50.0
    /// Nodes at this distance from the middle are drawn in by one in 1,024 of it for each sample, nearer ones by less.
    static let gravity = 1_024.0
    /// Neighbours in the window, and samples of each.
    static let windowLength = 32
    static let sampleCount = 4
    /// Between samples of one neighbour that count: who is asked again and again, while much is told or many clients are
    /// sent there, says nothing new, and would outweigh the others.
    static let spacing = Duration.seconds(10)
    /// How many of the window move this node again with each new sample.
    static let again = 3
    /// Samples that the mean round trip is over.
    static let longMemory = 32.0

    private struct Neighbour: Sendable {
        var id: ShortID
        var position: Position
        var error: Double
        /// The last round trips, the newest at the end.
        let samples: [Double]
        /// Their lower median: a packet is delayed more easily than hurried.
        let roundTrip: Double
        let measured: Instant

        init(id: ShortID, at coordinate: Coordinate, samples: [Double], _ now: Instant) {
            measured = now
            self.id = id
            position = Position(coordinate)
            error = Vivaldi.error(of: coordinate)
            self.samples = samples
            roundTrip = samples.sorted()[(samples.count - 1) / 2]
        }
    }

    private(set) var position: Position
    private(set) var error: Double
    /// What a round trip takes from here, in milliseconds: a mean over the last few dozen.
    private(set) var typical = 0.0
    /// Round trips that were measured, in this run.
    private(set) var count = 0
    private var window: [Neighbour] = []
    private var generator: Generator

    /// Starts from a place on Earth where that is known.
    public init(place: Place?, generator: Generator) {
        self.generator = generator
        let start = place.map { Coordinate($0) }
        error = start.map(Self.error(of:)) ?? Self.mostError
        position = start.map(Position.init) ?? Position(x: 0, y: 0, z: 0, height: RoundTrip.base / 2)
        if place == nil { shift(by: direction(), 10) }
    }

    /// As it is told to others; nothing where nothing was measured yet.
    public var coordinate: Coordinate? {
        window.isEmpty
            ? nil : Coordinate(at: (position.x, position.y, position.z), height: position.height, error: error)
    }

    /// A round trip was measured to a neighbour that says it stands there.
    public mutating func measured(_ roundTrip: Duration, to id: ShortID, at coordinate: Coordinate, _ now: Instant) {
        let sample = Double(roundTrip.wholeNanoseconds) / 1_000_000
        guard sample > 0 else { return }
        var samples: [Double] = []
        if let index = window.firstIndex(where: { $0.id == id }) {
            guard now - window[index].measured >= Self.spacing else { return }
            samples = window.remove(at: index).samples.suffix(Self.sampleCount - 1)
        } else if window.count == Self.windowLength {
            window.removeFirst()
        }
        samples.append(sample)
        window.append(Neighbour(id: id, at: coordinate, samples: samples, now))
        count += 1
        typical += (sample - typical) / (window.count == 1 ? 1 : Self.longMemory)
        move(by: window[window.count - 1])
        for _ in 0..<Self.again { move(by: window[Int.random(in: 0..<window.count, using: &generator)]) }
    }

    /// A neighbour says that it stands there now.
    public mutating func heard(_ coordinate: Coordinate, of id: ShortID) {
        guard let index = window.firstIndex(where: { $0.id == id }) else { return }
        window[index].position = Position(coordinate)
        window[index].error = Self.error(of: coordinate)
    }

    private mutating func move(by neighbour: Neighbour) {
        let measured = max(neighbour.roundTrip, Self.leastHeight)
        let other = neighbour.position
        let away = Position(x: position.x - other.x, y: position.y - other.y, z: position.z - other.z, height: 0)
        let distance = away.offset
        let foretold = distance + position.height + other.height
        // Who is sure moves little, and by the unsure hardly at all.
        let weight = error / (error + neighbour.error)
        let relative = min((foretold - measured).magnitude / measured, 2 * Self.mostError)
        let learned = Self.learning * weight
        error = min(max(relative * learned + error * (1 - learned), Self.leastError), Self.mostError)
        let movement = max(Self.leastMovement, Self.movement / max(1, Double(count) / Self.calming))
        let wanted = movement * weight * (measured - foretold)
        let step = min(max(wanted, -Self.longestMove), Self.longestMove)
        if distance > 0.001 { shift(by: away, step / distance) } else { shift(by: direction(), step) }
        position.height = max(Self.leastHeight, position.height + step)
        let part = position.offset / Self.gravity
        shift(by: position, -min(part * part, 1) / 1_024)
    }

    private mutating func shift(by way: Position, _ factor: Double) {
        position.x += way.x * factor
        position.y += way.y * factor
        position.z += way.z * factor
    }

    /// Some direction, each as likely as the others.
    private mutating func direction() -> Position {
        while true {
            let way = Position(
                x: .random(in: -1...1, using: &generator), y: .random(in: -1...1, using: &generator),
                z: .random(in: -1...1, using: &generator), height: 0)
            let length = way.offset
            if length <= 1 && length > 0.1 {
                return Position(x: way.x / length, y: way.y / length, z: way.z / length, height: 0)
            }
        }
    }

    private static func error(of coordinate: Coordinate) -> Double { max(Double(coordinate.error) / 255, leastError) }
}

extension Vivaldi.Position {
    init(_ coordinate: Coordinate) {
        self.init(
            x: Double(coordinate.x) / 10, y: Double(coordinate.y) / 10, z: Double(coordinate.z) / 10,
            height: Double(coordinate.height) / 10)
    }
}
