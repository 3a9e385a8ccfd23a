internal import Catalogue
internal import Primitives

/// A random world: who is there, what its wires are like, what goes wrong, and what people do.
struct SwarmWorld: Sendable {
    /// Something that somebody does, or that befalls somebody; whom is drawn when it happens, unless said here.
    enum Deed: Equatable, Sendable {
        case post(ByteCount, replicas: UInt8, expiresIn: Duration?)
        /// Of any file.
        case withdraw
        /// A publisher posts a file again: for some nodes only, or for everybody.
        case repost(isNarrower: Bool)
        case deny
        case allow
        /// So many clients ask for one file within a few seconds, anywhere.
        case ask(Int)
        /// After so many more actions of whoever did, or was asked, something last.
        case crash(afterActions: Int, absence: Duration)
        /// Of those whose writes a crash tears now, each once so many more pieces have come to it.
        case tear(afterPieces: Int, absence: Duration)
        case join
        case leave
        case die
    }

    struct Appointment: Equatable, Sendable {
        let at: Duration
        let deed: Deed
    }

    let seed: UInt64
    var topology = Topology()
    private(set) var faults: [SwarmFault] = []
    /// In their order.
    private(set) var deeds: [Appointment] = []
    /// What is left to chance when deeds are done.
    let chance: Generator

    static let nodes = 20...26
    static let length = Duration.seconds(86_400)

    init(seed: UInt64) {
        self.seed = seed
        var chance = Generator(seed: Generator.mix(seed ^ 0x5741_524D))
        faults = SwarmFault.allCases.filter { _ in Bool.random(using: &chance) }
        self.chance = chance.split()
        topology.name = "swarm \(seed)"
        topology.seed = seed
        topology.length = Self.length + .seconds(Int64.random(in: 0...7200, using: &chance))
        topology.pulse = .seconds([180, 360, 600].randomElement(using: &chance) ?? 60)
        drawNodes(&chance)
        drawLinks(&chance)
        drawTroubles(&chance)
        drawDeeds(&chance)
        drawTears(&chance)
        deeds.sort { $0.at < $1.at }
    }

    func has(_ fault: SwarmFault) -> Bool { faults.contains(fault) }

    // MARK: Drawing

    private mutating func drawNodes(_ chance: inout Generator) {
        // At least one period ends within the run, whenever the world begins.
        let period = Duration.seconds([4, 6, 8, 12, 20].randomElement(using: &chance).map { Int64($0) * 3600 } ?? 3600)
        for _ in 0..<Int.random(in: Self.nodes, using: &chance) {
            let megabytes = [40, 100, 400, 2000, 8000].randomElement(using: &chance) ?? 100
            topology.nodes.append(
                Topology.Node(
                    place: Place(
                        latitude: Double(Int.random(in: -55...65, using: &chance)),
                        longitude: Double(Int.random(in: -180...179, using: &chance))),
                    share: .megabytes(Int64(megabytes)), period: period,
                    disk: .megabytes(Int64([20, 200, 8000].randomElement(using: &chance) ?? 200)),
                    uplink: .megabytes(Int64.random(in: 1...20, using: &chance))))
        }
        let liars: [(SwarmFault, Topology.Honesty)] = [
            (.understatedSpend, .understatesSpend), (.badPieces, .sendsBadPieces), (.foreignURL, .namesForeignURL),
        ]
        for (fault, honesty) in liars where has(fault) {
            let liar = Int.random(in: 1..<topology.nodes.count, using: &chance)
            topology.nodes[liar].honesty = honesty
        }
    }

    private mutating func drawLinks(_ chance: inout Generator) {
        topology.links.delay =
            Bool.random(using: &chance) ? .geography : .drawn(.milliseconds(1) ... .milliseconds(150))
        if has(.loss) { topology.links.loss = Double(Int.random(in: 1...20, using: &chance)) / 100 }
        if has(.duplication) { topology.links.duplication = Double(Int.random(in: 1...10, using: &chance)) / 100 }
        if has(.reordering) { topology.links.reordering = Double(Int.random(in: 1...30, using: &chance)) / 100 }
        if has(.jitter) { topology.links.jitter = .milliseconds(Int64.random(in: 1...200, using: &chance)) }
    }

    /// How often a trouble comes in a run, for how long, and to how many at once.
    private mutating func add(
        _ kind: Topology.Kind, times: ClosedRange<Int>, lasting seconds: ClosedRange<Int64>, on count: ClosedRange<Int>,
        _ chance: inout Generator
    ) {
        let everybody = Array(topology.nodes.indices)
        for _ in 0..<Int.random(in: times, using: &chance) {
            let who = everybody.shuffled(using: &chance).prefix(Int.random(in: count, using: &chance)).sorted()
            // Short ones are as likely as long ones.
            let longest = Int64.random(in: seconds, using: &chance)
            let duration = Duration.seconds(Int64.random(in: seconds.lowerBound...longest, using: &chance))
            topology.faults.append(Topology.Fault(kind, who: .nodes(who), at: moment(&chance), for: duration))
        }
    }

    private func moment(_ chance: inout Generator) -> Duration {
        .milliseconds(Int64.random(in: 60_000...topology.length.wholeMilliseconds - 60_000, using: &chance))
    }

    private mutating func drawTroubles(_ chance: inout Generator) {
        let most = topology.nodes.count / 2
        if has(.partition) {
            add(.partition(oneWay: false), times: 1...4, lasting: 5...7200, on: 1...most, &chance)
        }
        if has(.oneWayPartition) {
            add(.partition(oneWay: true), times: 1...3, lasting: 5...3600, on: 1...most, &chance)
        }
        if has(.crash) { add(.crash, times: 3...12, lasting: 1...7200, on: 1...4, &chance) }
        if has(.pause) { add(.pause, times: 2...8, lasting: 1...600, on: 1...2, &chance) }
        if has(.slowDisk) { add(.slowDisk(factor: 50), times: 1...4, lasting: 60...14_400, on: 1...8, &chance) }
        if has(.fullDisk) { add(.fullDisk, times: 1...4, lasting: 60...7200, on: 1...4, &chance) }
        if has(.tornWrites) { add(.tornWrites, times: 1...4, lasting: 600...14_400, on: 1...8, &chance) }
        guard has(.clockJump) else { return }
        for _ in 0..<Int.random(in: 1...4, using: &chance) {
            let seconds = Int64([-86_400, -3600, -30, 30, 3600, 43_200].randomElement(using: &chance) ?? 30)
            add(.clockJump(.seconds(seconds)), times: 1...1, lasting: 60...7200, on: 1...2, &chance)
        }
    }

    private mutating func drawDeeds(_ chance: inout Generator) {
        func some(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &chance) }
        for number in 0..<some(5...10) {
            let length = ByteCount.kibibytes(Int64([20, 200, 600, 1500, 4000].randomElement(using: &chance) ?? 200))
            let expires = has(.expiry) && number % 3 == 2 ? Duration.seconds(Int64(some(600...43_200))) : nil
            let deed = Deed.post(length, replicas: UInt8(some(1...4)), expiresIn: expires)
            // Half of them early, so that there is something to ask for.
            let at = number.isMultiple(of: 2) ? Duration.seconds(Int64(some(30...3600))) : moment(&chance)
            deeds.append(Appointment(at: at, deed: deed))
            guard has(.crashBetweenActions) else { continue }
            deeds.append(Appointment(at: at, deed: sudden(&chance)))
        }
        for _ in 0..<some(60...120) { deeds.append(Appointment(at: moment(&chance), deed: .ask(some(1...3)))) }
        if has(.flashCrowd) { deeds.append(Appointment(at: moment(&chance), deed: .ask(some(30...120)))) }
        let more: [(SwarmFault, Deed, ClosedRange<Int>)] = [
            (.withdrawal, .withdraw, 1...4), (.narrowing, .repost(isNarrower: true), 1...2),
            (.narrowing, .repost(isNarrower: false), 0...1), (.denial, .deny, 1...2), (.denial, .allow, 0...1),
            (.join, .join, 1...3), (.leave, .leave, 1...3), (.death, .die, 1...3),
        ]
        for (fault, deed, times) in more where has(fault) {
            for _ in 0..<some(times) {
                let at = moment(&chance)
                deeds.append(Appointment(at: at, deed: deed))
                guard has(.crashBetweenActions), Bool.random(using: &chance) else { continue }
                deeds.append(Appointment(at: at, deed: sudden(&chance)))
            }
        }
        guard has(.crashBetweenActions) else { return }
        for _ in 0..<some(4...20) {
            let at = moment(&chance)
            deeds.append(Appointment(at: at, deed: .ask(some(1...4))))
            deeds.append(Appointment(at: at, deed: sudden(&chance)))
        }
    }

    /// Last of all: worlds whose writes are not torn are what they are without.
    private mutating func drawTears(_ chance: inout Generator) {
        for fault in topology.faults where fault.kind == .tornWrites {
            for _ in 0..<Int.random(in: 1...3, using: &chance) {
                let length = fault.duration?.wholeMilliseconds ?? 0
                let at = fault.at + .milliseconds(Int64.random(in: 0...length, using: &chance))
                let count = Int.random(in: 0...4, using: &chance)
                let absence = Duration.seconds(Int64.random(in: 1...600, using: &chance))
                deeds.append(Appointment(at: at, deed: .tear(afterPieces: count, absence: absence)))
                // Something to fetch.
                let post = Deed.post(.kibibytes(1500), replicas: 4, expiresIn: nil)
                deeds.append(Appointment(at: at + .seconds(1), deed: post))
            }
        }
    }

    private func sudden(_ chance: inout Generator) -> Deed {
        .crash(
            afterActions: Int.random(in: 0...Int.random(in: 1...60, using: &chance), using: &chance),
            absence: .milliseconds(
                Int64.random(in: 1...Int64.random(in: 100...600_000, using: &chance), using: &chance)))
    }
}
