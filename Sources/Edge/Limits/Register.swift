import Primitives

/// Whose connection it is, as far as limits go.
enum Origin: Hashable, Sendable {
    /// Neighbours on the internet share one: a /24, or a /48.
    case prefix(AddressRange)
    /// A proxy that this node trusts: whoever is behind it is counted by request.
    case proxy
    /// A member that signed a request on the connection.
    case member(NodeID)
}

extension IPAddress {
    /// What one party on the internet usually has: a /24 of IPv4, a /48 of IPv6.
    var neighbourhood: AddressRange {
        let length =
            switch self {
            case .v4: 24
            case .v6: 48
            }
        guard let block = AddressRange(self, prefixLength: length) else {
            preconditionFailure("addresses have more bits than their neighbourhoods")
        }
        return block
    }
}

/// Who is connected, who of them is idle and for how long: decides who comes in, and who goes for it.
///
/// The places are divided: strangers have all but `reserve`, so that however many they are, members find one. What
/// comes when strangers have all theirs, and all are busy, is let in on trial: it may be a member.
struct Register<Guest> {
    struct Limits {
        var connections: Int
        /// Of these, kept from strangers.
        var reserve: Int
        var perPrefix: Int
        var perMember: Int
    }

    /// A place, and its owner's turn on it: places are used again.
    struct Ticket: Hashable {
        fileprivate let place: Int
        fileprivate let turn: UInt64
    }

    enum Admission {
        /// In; `instead` is out: it had been idle longest.
        case admitted(Ticket, instead: Guest?)
        /// Every place is taken by somebody who is served.
        case full
        /// The prefix has all that one prefix may have, and all are served.
        case prefixFull
    }

    private enum Class: Int, CaseIterable { case stranger, trial, member }

    private struct Place {
        var guest: Guest
        var turn: UInt64
        var origin: Origin
        var kind: Class
        var isIdle: Bool
    }

    private struct Presence {
        var count = 0
        var idle = IdleChain.Ends()
    }

    private let limits: Limits
    private var places: [Place?] = []
    private var free: [Int] = []
    private var turns: UInt64 = 0
    private var counts = [0, 0, 0]
    private var idle = [IdleChain.Ends(), IdleChain.Ends(), IdleChain.Ends()]
    private var idleByKind = IdleChain()
    private var origins: [Origin: Presence] = [:]
    private var idleByOrigin = IdleChain()

    init(_ limits: Limits) {
        self.limits = limits
    }

    var count: Int { counts[0] + counts[1] + counts[2] }
    var memberCount: Int { counts[Class.member.rawValue] }
    var guests: [Guest] { places.compactMap { $0?.guest } }

    // MARK: Coming and going

    mutating func admit(_ guest: Guest, from origin: Origin) -> Admission {
        var instead: Guest?
        if case .prefix = origin, let presence = origins[origin], presence.count >= limits.perPrefix {
            guard let longest = presence.idle.longest else { return .prefixFull }
            instead = vacate(longest)
        }
        if instead == nil, !hasStrangersPlace, let longest = longestIdle(.stranger) { instead = vacate(longest) }
        let kind = hasStrangersPlace ? Class.stranger : .trial
        if count >= limits.connections {
            guard let longest = longestIdle(.stranger) ?? longestIdle(.trial) ?? longestIdleMemberBeyondReserve else {
                return .full
            }
            instead = vacate(longest)
        }
        return .admitted(occupy(guest, origin, kind), instead: instead)
    }

    private var hasStrangersPlace: Bool { count(.stranger) < limits.connections - limits.reserve }

    private var longestIdleMemberBeyondReserve: Int? {
        memberCount > limits.reserve ? longestIdle(.member) : nil
    }

    /// Nothing happens for a ticket whose place has been taken away.
    mutating func leave(_ ticket: Ticket) {
        guard holds(ticket) else { return }
        _ = vacate(ticket.place)
    }

    /// The `most` that have been idle longest go, strangers first.
    mutating func shed(_ most: Int) -> [Guest] {
        var shed: [Guest] = []
        while shed.count < most,
            let longest = longestIdle(.stranger) ?? longestIdle(.trial) ?? longestIdle(.member)
        {
            shed.append(vacate(longest))
        }
        return shed
    }

    // MARK: Busy and idle

    /// A request has begun; false when the place was taken away meanwhile.
    mutating func begin(_ ticket: Ticket) -> Bool {
        guard holds(ticket) else { return false }
        setIdle(false, ticket.place)
        return true
    }

    /// Waits for the next request.
    mutating func rest(_ ticket: Ticket) {
        guard holds(ticket) else { return }
        setIdle(true, ticket.place)
    }

    /// A stranger may be served; one on trial only when a stranger's place has become free.
    mutating func servesStranger(_ ticket: Ticket) -> Bool {
        guard holds(ticket), let place = places[ticket.place] else { return false }
        guard place.kind == .trial else { return true }
        guard hasStrangersPlace else { return false }
        move(ticket.place, to: place.origin, .stranger)
        return true
    }

    /// A member has signed a request on the connection. It stays a stranger's when the member has as many as it may.
    mutating func recognise(_ ticket: Ticket, as member: NodeID) {
        guard holds(ticket), let place = places[ticket.place], place.kind != .member else { return }
        guard origins[.member(member)]?.count ?? 0 < limits.perMember else { return }
        move(ticket.place, to: .member(member), .member)
    }

    // MARK: -

    private func holds(_ ticket: Ticket) -> Bool { places[ticket.place]?.turn == ticket.turn }
    private func count(_ kind: Class) -> Int { counts[kind.rawValue] }
    private func longestIdle(_ kind: Class) -> Int? { idle[kind.rawValue].longest }

    private mutating func occupy(_ guest: Guest, _ origin: Origin, _ kind: Class) -> Ticket {
        turns += 1
        let place = Place(guest: guest, turn: turns, origin: origin, kind: kind, isIdle: false)
        let index: Int
        if let last = free.popLast() {
            index = last
            places[index] = place
        } else {
            index = places.count
            places.append(place)
        }
        counts[kind.rawValue] += 1
        origins[origin, default: Presence()].count += 1
        setIdle(true, index)
        return Ticket(place: index, turn: turns)
    }

    private mutating func vacate(_ index: Int) -> Guest {
        guard let place = places[index] else { preconditionFailure("a place that is vacated was taken") }
        setIdle(false, index)
        counts[place.kind.rawValue] -= 1
        release(place.origin)
        places[index] = nil
        free.append(index)
        return place.guest
    }

    private mutating func move(_ index: Int, to origin: Origin, _ kind: Class) {
        guard let place = places[index] else { return }
        setIdle(false, index)
        counts[place.kind.rawValue] -= 1
        release(place.origin)
        places[index]?.origin = origin
        places[index]?.kind = kind
        counts[kind.rawValue] += 1
        origins[origin, default: Presence()].count += 1
        setIdle(place.isIdle, index)
    }

    private mutating func release(_ origin: Origin) {
        guard let presence = origins[origin] else { return }
        if presence.count > 1 { origins[origin]?.count -= 1 } else { origins[origin] = nil }
    }

    private mutating func setIdle(_ isIdle: Bool, _ index: Int) {
        guard let place = places[index], place.isIdle != isIdle else { return }
        places[index]?.isIdle = isIdle
        let kind = place.kind.rawValue
        if isIdle {
            idleByKind.append(index, to: &idle[kind])
            idleByOrigin.append(index, to: &origins[place.origin, default: Presence()].idle)
        } else {
            idleByKind.remove(index, from: &idle[kind])
            idleByOrigin.remove(index, from: &origins[place.origin, default: Presence()].idle)
        }
    }
}
