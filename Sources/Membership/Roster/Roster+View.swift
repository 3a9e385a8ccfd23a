internal import Primitives

/// Drawing the active view: two near members, so that most news take short ways; two at random, which hold the network
/// together (any two of thousands are a few steps apart); two elsewhere, so that continents do not part.
extension Roster {
    /// Of a view of six, two; a third of any.
    private func seats(of role: View.Role) -> Int {
        switch role {
        case .near, .elsewhere: settings.viewLimit / 3
        case .random: settings.viewLimit - 2 * (settings.viewLimit / 3)
        }
    }

    /// The view follows who is present: once all that an event tells is taken in, however many come and go with it.
    mutating func redrawStaleView(at now: Instant) {
        guard isViewStale, voice.isSpeaking else { return }
        isViewStale = false
        let before = view.members
        view.keep { id in table.index(of: id).map { table.members.isPresent($0) } ?? false }
        draw(anew: view.count(of: .near) < seats(of: .near))
        settle(before, at: now)
    }

    /// It matters to the view only while that is not full, or holds the member.
    mutating func noteComingOrGoing(of id: NodeID) {
        if view.contains(id) || view.seats.count < settings.viewLimit { isViewStale = true }
    }

    /// Now and then: somebody nearer may have come, and a view drawn when there were only few is not spread.
    mutating func reviewView(at now: Instant) {
        guard let due = reviewDue, due <= now else { return }
        reviewDue = now + settings.reviewSpacing
        guard table.members.presentCount > settings.viewLimit else { return }
        let before = view.members
        draw(anew: true)
        settle(before, at: now)
    }

    /// Takes a member that may be dead into the view, in the place of one drawn at random. Where too few watched it when
    /// it died, as soon after its start, or all who did died with it, nobody else would ever notice.
    mutating func watch(_ index: Int, at now: Instant) {
        guard table.members.presentCount > settings.viewLimit, !view.contains(table.members.id(index)) else { return }
        let before = view.members
        while view.count(of: .random) >= seats(of: .random), let seat = view.seats.first(where: { $0.role == .random })
        {
            view.unseat(seat.id)
        }
        take(index, .random)
        settle(before, at: now)
    }

    /// Exchanges begin with those who are new in the view, and end with those who are no longer in it.
    private mutating func settle(_ before: [NodeID], at now: Instant) {
        for id in before where !view.contains(id) { rest(id) }
        retune()
        for id in view.members {
            guard let index = table.index(of: id), case .idle = table.phase(index) else { continue }
            table[edge: index].phase = .resting(until: now + part(of: interval(of: index)))
        }
    }

    private mutating func rest(_ id: NodeID) {
        if let index = table.index(of: id) { table[edge: index].phase = .idle }
    }

    /// A pulse says whether its sender counts on being pulsed in turn.
    mutating func noteChoice(_ isNeighbour: Bool, of index: Int, at now: Instant) {
        let id = table.members.id(index)
        guard isNeighbour != view.isGuest(id) else { return }
        if !isNeighbour {
            view.dismiss(id)
            if !view.contains(id) { rest(id) }
        } else if view.guests.count < settings.guestLimit {
            view.welcome(id)
            if case .idle = table.phase(index) {
                table[edge: index].phase = .resting(until: now + interval(of: index))
            }
        }
        retune()
    }

    /// A member that was held dead has spoken for itself, and may stand for all of its side: it takes a seat, so that
    /// both ends compare at once what they hold. One in a minute: each has much to tell.
    mutating func reunite(with index: Int, at now: Instant) {
        guard table.members.conditions[index] == .alive, isParted, reunited.map({ now - $0 >= partedPause }) ?? true
        else {
            return
        }
        reunited = now
        let before = view.members
        view.seat(table.members.id(index), .elsewhere)
        draw(anew: false)
        settle(before, at: now)
        hasten(index, at: now)
    }

    /// Both sides of a partition have just met again: whoever was held dead says something new, and all are to know it
    /// soon, those too who held the other alive all the time.
    func isReuniting(at now: Instant) -> Bool { reunited.map { now - $0 < partedPause * 2 } ?? false }

    // MARK: Drawing

    /// A few who are present and not in the view.
    mutating func strangers() -> [NodeID] {
        var strangers: [NodeID] = []
        for _ in 0..<settings.drawings {
            guard let index = drawAny() else { break }
            let id = table.members.id(index)
            if !view.contains(id), !strangers.contains(id) { strangers.append(id) }
        }
        return strangers
    }

    private mutating func draw(anew isNew: Bool) {
        guard table.members.presentCount > settings.viewLimit else {
            for index in table.members.indices where table.members.isPresent(index) { take(index, .random) }
            return
        }
        if isNew { drawNearest() }
        for role in [View.Role.elsewhere, .random] {
            while view.count(of: role) > seats(of: role), let seat = view.seats.first(where: { $0.role == role }) {
                view.unseat(seat.id)
            }
        }
        fill(.elsewhere) { $0.drawElsewhere() }
        fill(.random) { $0.drawAny() }
    }

    private mutating func take(_ index: Int, _ role: View.Role) {
        let id = table.members.id(index)
        if !view.isSeated(id) { view.seat(id, role) }
    }

    private mutating func fill(_ role: View.Role, _ draw: (inout Roster) -> Int?) {
        while view.count(of: role) < seats(of: role), view.seats.count < table.members.presentCount,
            let index = draw(&self)
        {
            take(index, role)
        }
    }

    /// Takes the nearest into the near seats; who sits there stays unless another is clearly nearer.
    private mutating func drawNearest() {
        let count = seats(of: .near)
        var best: [(distance: Double, index: Int)] = []
        for index in table.members.indices where table.members.isPresent(index) {
            guard let distance = distance(to: index) else { continue }
            let id = table.members.id(index)
            let isNear = view.seats.contains { $0.id == id && $0.role == .near }
            let weighed = isNear ? distance * settings.loyalty : distance
            guard best.count < count || weighed < best[count - 1].distance else { continue }
            best.insert((weighed, index), at: best.partitioningIndex { $0.distance > weighed })
            if best.count > count { best.removeLast() }
        }
        let nearest = best.map { table.members.id($0.index) }
        for seat in view.seats where seat.role == .near && !nearest.contains(seat.id) { view.unseat(seat.id) }
        for id in nearest { view.seat(id, .near) }
        // Where no place is known, anybody does as well.
        fill(.near) { $0.drawAny() }
    }

    /// Anybody present who is not in the view yet.
    private mutating func drawAny() -> Int? {
        for _ in 0..<settings.drawings {
            let index = Int.random(in: table.members.indices, using: &generator)
            if isOpen(index) { return index }
        }
        return table.members.indices.filter { isOpen($0) }.randomElement(using: &generator)
    }

    /// One of those far away: the farther half of a few drawn at random.
    private mutating func drawElsewhere() -> Int? {
        var drawn: [(distance: Double, index: Int)] = []
        for _ in 0..<settings.drawings {
            let index = Int.random(in: table.members.indices, using: &generator)
            if isOpen(index), let distance = distance(to: index) { drawn.append((distance, index)) }
        }
        drawn.sort { ($0.distance, $0.index) > ($1.distance, $1.index) }
        return drawn.prefix((drawn.count + 1) / 2).randomElement(using: &generator)?.index ?? drawAny()
    }

    private func isOpen(_ index: Int) -> Bool {
        table.members.isPresent(index) && !view.isSeated(table.members.id(index))
    }

    /// How far a member is, in kilometres; nothing where a place is not known.
    private func distance(to index: Int) -> Double? {
        guard let here = own.card.value.place, let there = table.members.place(index) else { return nil }
        return here.distance(to: there)
    }
}
