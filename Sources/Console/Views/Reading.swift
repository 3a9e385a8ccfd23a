import Allowance
public import Catalogue
import Membership
import Overlay
public import Primitives

/// One moment of a node, from which views are made: its facts, its machine, its account.
struct Reading {
    let facts: NodeFacts
    let overlay: Overlay
    let usage: Usage

    func status() -> StatusView {
        StatusView(
            id: facts.id, name: facts.name, url: facts.url, listen: facts.listen, dataDirectory: facts.dataDirectory,
            software: facts.software, place: facts.place, network: facts.network,
            isFounder: facts.network == facts.id, isOpen: facts.isOpen, startedAt: facts.startedAt,
            members: memberCounts, files: fileCounts, stored: stored, freeDisk: facts.freeDisk,
            share: usage.terms.share, used: usage.spent.sum + usage.reserved.sum, remaining: usage.remaining,
            periodEnds: facts.period.ends, troubles: facts.troubles, door: facts.door,
            datagrams: facts.datagrams,
            liars: overlay.curator.liars.reversed().map {
                LiarView(node: name(of: $0.member), misdeeds: MisdeedsView($0.misdeeds))
            })
    }

    func peers() -> [PeerView] {
        let misdeeds = Dictionary(uniqueKeysWithValues: overlay.curator.liars.map { ($0.member, $0.misdeeds) })
        let others = overlay.roster.members.map { view($0, misdeeds[$0.id]) }
            .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
        return [view(overlay.roster.own, nil)] + others
    }

    func allowance() -> AllowanceView {
        AllowanceView(
            allowance: facts.allowance, share: usage.terms.share, periodStarts: facts.period.starts,
            periodEnds: facts.period.ends, now: facts.wallClock, spent: usage.spent.sum, reserved: usage.reserved.sum,
            remaining: usage.remaining,
            classes: TrafficClass.allCases.map { kind in
                TrafficView(
                    name: kind.word, spent: usage.spent[kind], reserved: usage.reserved[kind],
                    leased: usage.durable[kind], guaranteed: usage.terms.guaranteed(kind),
                    ceiling: usage.terms.ceiling(kind))
            })
    }

    func estimate(length: ByteCount, replicas: Int?, for audience: Audience = .network) -> EstimateView {
        let others = overlay.roster.members.filter { audience.vouches(for: $0.id) }
        let replicas = audience.limit(replicas ?? facts.replicas, beside: facts.id)
        let (copies, overflow) = length.bytes.multipliedReportingOverflow(by: Int64(replicas))
        return EstimateView(
            length: length, replicas: replicas,
            otherMembers: others.count { $0.condition == .alive },
            copies: overflow ? .max : ByteCount(copies), share: usage.terms.share,
            remainingForReplication: usage.remaining(for: .replication), periodEnds: facts.period.ends,
            freeDisk: facts.freeDisk)
    }

    /// What a node is called, as its card says.
    func name(of id: NodeID) -> NodeName {
        NodeName(id: id, name: id == facts.id ? facts.name : overlay.roster[id]?.card.value.name)
    }

    // MARK: Members

    private var memberCounts: MemberCounts {
        overlay.roster.members.reduce(into: MemberCounts()) { counts, member in
            switch member.condition {
            case .alive: counts.alive += 1
            case .suspect: counts.suspect += 1
            case .dead: counts.dead += 1
            case .left: counts.left += 1
            }
        }
    }

    private func view(_ member: Member, _ misdeeds: Misdeeds?) -> PeerView {
        let card = member.card.value
        let status = member.status?.value
        let isThisNode = card.nodeID == facts.id
        return PeerView(
            id: card.nodeID, name: card.name, url: card.url, place: card.place,
            condition: PeerView.Condition(member.condition), isThisNode: isThisNode,
            isFounder: card.nodeID == facts.network, share: card.share,
            // This node knows of itself exactly what others are told roughly.
            remaining: isThisNode ? usage.remaining : status?.remaining.byteCount,
            freeDisk: isThisNode ? facts.freeDisk : status?.freeDisk.byteCount, load: status.map { Int($0.load) },
            roundTripMilliseconds: member.roundTrip?.milliseconds, misdeeds: misdeeds.map { MisdeedsView($0) })
    }
}

extension Audience {
    /// As many copies as were asked for, but no more than there may be holders.
    public func limit(_ replicas: Int, beside publisher: NodeID) -> Int {
        switch self {
        case .network: replicas
        case .named(let nodes): min(replicas, nodes.count { $0 != publisher })
        }
    }
}

extension Duration {
    /// As a number for people, to a microsecond.
    var milliseconds: Double { Double(wholeNanoseconds / 1000) / 1000 }
}

extension MisdeedsView {
    init(_ misdeeds: Misdeeds) {
        self.init(
            wrongPieces: misdeeds.wrongPieces, falseDigests: misdeeds.falseDigests,
            falseLengths: misdeeds.falseLengths, lastAt: misdeeds.last)
    }
}

extension PeerView.Condition {
    init(_ condition: Membership.Condition) {
        switch condition {
        case .alive: self = .alive
        case .suspect: self = .suspect
        case .dead: self = .dead
        case .left: self = .left
        }
    }
}

extension TrafficClass {
    /// As it is called in answers and tables.
    var word: String {
        switch self {
        case .serving: "serving"
        case .replication: "replication"
        case .overlay: "overlay"
        case .answers: "answers"
        }
    }
}
