internal import Primitives

/// How long what is sent is under way: the same for datagrams, questions, answers and files.
///
/// Between two stations it is the same both ways and at all times, jitter aside: so a round trip is twice the way. By
/// geography it is the light's time in glass along the great circle, times a detour that each two stations have for
/// themselves, and both their access lines.
struct Wires: Sendable {
    /// Light in glass (refractive index about 1.5) goes 200 kilometres in a millisecond.
    static let nanosecondsPerKilometre = 5_000.0
    /// Cables, and the routes that providers choose between them, are longer than great circles. The best known ones are
    /// 1.1 to 1.5 times as long (`Score.pathStretch` lists some); in the middle of many measured pairs it is 3.2 times
    /// the light's time in a vacuum, last miles included, which is about 2.1 in glass (Bozkurt and others, "Why is the
    /// Internet so slow?!", PAM 2017). Here: 1.2 and an exponential with mean 0.6 (median 1.6, a tenth above 2.6).
    static let leastDetour = 1.2
    static let meanDetour = 0.6
    /// No detour is longer: light round half of the Earth at this takes 340 ms both ways.
    static let mostDetour = 3.4
    /// Between stations of which one has no place: about a quarter of the Earth.
    static let unknownKilometres = 10_000.0
    /// Jitter is exponential, as waiting in a queue is, up to so many times its mean.
    static let mostJitter = 10.0
    /// The median of two of them together, in means: where (1 + x) e⁻ˣ is a half.
    static let medianOfTwoJitters = 1.678

    private let seed: UInt64
    /// The middle of the matrix in use, for pairs that are not in it.
    private var median: (hosts: Int, way: Int64)?

    init(seed: UInt64) {
        self.seed = seed
    }

    /// One way without jitter, in nanoseconds.
    mutating func way(_ one: Station, _ other: Station, over links: Topology.Links) -> Int64 {
        switch links.delay {
        case .geography: return geographic(one, other)
        case .matrix(let matrix): return measured(one, other, in: matrix)
        case .drawn(let range):
            let lower = range.lowerBound.wholeNanoseconds
            let width = UInt64(range.upperBound.wholeNanoseconds - lower) + 1
            return lower + Int64(pair(one, other).multipliedFullWidth(by: width).high)
        }
    }

    private func geographic(_ one: Station, _ other: Station) -> Int64 {
        let kilometres = one.distance(to: other) ?? Self.unknownKilometres
        let drawn = Generator.exponential(of: pair(one, other), limit: .infinity)
        let detour = min(Self.mostDetour, Self.leastDetour + Self.meanDetour * drawn)
        return one.access + other.access + Int64(kilometres * detour * Self.nanosecondsPerKilometre)
    }

    private mutating func measured(_ one: Station, _ other: Station, in matrix: Matrix) -> Int64 {
        if let from = one.host, let to = other.host {
            if from == to { return one.access + other.access }
            if let roundTrip = matrix.roundTrip(from: from, to: to) { return roundTrip.wholeNanoseconds / 2 }
        }
        if one.place != nil, other.place != nil { return geographic(one, other) }
        if let median, median.hosts == matrix.hosts.count { return median.way }
        let way = matrix.median.wholeNanoseconds / 2
        median = (matrix.hosts.count, way)
        return way
    }

    /// The same for both, whoever is named first.
    private func pair(_ one: Station, _ other: Station) -> UInt64 {
        Generator.mix(Generator.mix(seed ^ min(one.word, other.word)) ^ max(one.word, other.word))
    }
}
