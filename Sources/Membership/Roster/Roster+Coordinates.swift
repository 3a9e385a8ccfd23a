internal import Primitives

/// The regular measuring of a member beyond the view.
struct Excursion: Equatable, Sendable {
    /// When the next begins.
    var due: Instant?
    /// The probe under way.
    var probe: Probe?
    /// How many have told a round trip.
    var count = 0

    struct Probe: Equatable, Sendable {
        let number: UInt32
        let target: ShortID
        let at: Instant
        /// The first may have had to wait until the ends had shown each other that they are there: only the second
        /// tells the round trip.
        let isSecond: Bool
        /// The one before it was not answered either.
        let isRepeated: Bool
    }
}

extension Roster {
    /// How far off the coordinate in this node's status may be before fresher ones ride along with pulses: in
    /// milliseconds …
    private static let notable = 4.0
    /// … and in 255ths of the error.
    private static let notableError = 32
    /// How far this node must have moved for a status of its own, as a part of the round trips it measures, and in
    /// milliseconds.
    private static let farPart = 0.2
    private static let leastFar = 5.0
    /// Random members looked at for one beyond the view.
    private static let draws = 8

    /// Where this node stands, unless its status says about the same.
    var untoldCoordinate: Coordinate? {
        guard let coordinate = vivaldi.coordinate else { return nil }
        guard let told = own.status?.value.coordinate else { return coordinate }
        let isNotable =
            told.distance(to: coordinate) > Self.notable
            || abs(Int(told.error) - Int(coordinate.error)) > Self.notableError
        return isNotable ? coordinate : nil
    }

    /// A round trip was measured to a member that says it stands there; without a word of it, where its status or its
    /// card says.
    mutating func measured(_ roundTrip: Duration, _ index: Int, saying told: Coordinate?, at now: Instant) {
        let coordinate =
            told ?? table.members.status(index)?.value.status?.coordinate
            ?? table.members[index].card.value.place.map { Coordinate($0) }
            ?? Coordinate(at: (0, 0, 0), height: RoundTrip.base / 2, error: 1)
        vivaldi.measured(roundTrip, to: table.members.ids[index], at: coordinate, now)
        hasMoved = isFarFromDrafted
    }

    private var isFarFromDrafted: Bool {
        guard let drafted = voice.draftedCoordinate, let coordinate = vivaldi.coordinate else {
            return vivaldi.coordinate != nil
        }
        return drafted.distance(to: coordinate) > max(Self.leastFar, vivaldi.typical * Self.farPart)
            || Int(drafted.error) - Int(coordinate.error) > 2 * Self.notableError
    }

    // MARK: Beyond the view

    /// Two nearest, two random, two elsewhere know little of what lies between: now and then somebody else is asked. Who
    /// does not answer, nor to the next probe, is watched.
    mutating func measureFar(at now: Instant, _ effects: inout Effects) {
        guard let due = excursion.due, due <= now else { return }
        excursion.due =
            now + (excursion.count < settings.firstFarCount ? settings.firstFarSpacing : settings.farSpacing)
        if let missed = excursion.probe, let index = table.index(of: missed.target), table.members.isPresent(index) {
            guard missed.isRepeated else {
                return probeFar(index, isSecond: false, isRepeated: true, at: now, &effects)
            }
            excursion.probe = nil
            return watch(index, at: now)
        }
        guard let index = drawFar() else { return }
        probeFar(index, isSecond: false, isRepeated: false, at: now, &effects)
    }

    private mutating func drawFar() -> Int? {
        guard !table.members.isEmpty else { return nil }
        for _ in 0..<Self.draws {
            let index = Int.random(in: table.members.indices, using: &generator)
            if table.members.conditions[index] == .alive, !view.contains(table.members.id(index)) { return index }
        }
        return nil
    }

    private mutating func probeFar(
        _ index: Int, isSecond: Bool, isRepeated: Bool, at now: Instant, _ effects: inout Effects
    ) {
        let number = nextNumber()
        excursion.probe = Excursion.Probe(
            number: number, target: table.members.ids[index], at: now, isSecond: isSecond, isRepeated: isRepeated)
        effects.append(.send(Envelope(.probe(number: number)), to: table.members.id(index)))
    }

    mutating func farAnswered(
        _ number: UInt32, _ index: Int, saying coordinate: Coordinate?, at now: Instant, _ effects: inout Effects
    ) {
        guard let probe = excursion.probe, probe.number == number, probe.target == table.members.ids[index] else {
            return
        }
        excursion.probe = nil
        guard probe.isSecond else { return probeFar(index, isSecond: true, isRepeated: false, at: now, &effects) }
        excursion.count += 1
        measured(now - probe.at, index, saying: coordinate, at: now)
    }
}
