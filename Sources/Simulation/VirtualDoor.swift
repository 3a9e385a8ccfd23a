internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

/// A node's doors in one run: the account they share, and the routing table.
struct VirtualDoor {
    /// Something that is sent once it is paid; its bytes are reserved.
    struct Bill {
        let size: ByteCount
        let kind: TrafficClass
        let then: Happening
        let delay: Duration
    }

    var leases: Leases
    var router: Router
    /// The period that the account is for.
    var period: Period
    /// Bills that wait for a lease, in their order.
    var unpaid: [Bill] = []
    /// It is about to tell whom it sends clients to.
    var isTallying = false
    /// Clients that wait until a file is looked for.
    var searching: [FileID: [ClientID]] = [:]
    /// Members that wait for an answer.
    var asked: [RequestID: (caller: Run, call: CallID)] = [:]
    /// What this node asked and fetches, and has heard no end of.
    var calls: Set<CallID> = []
    /// Which of these ask whom for proof.
    var proofs: [CallID: NodeID] = [:]
    var fetches: Set<FetchID> = []
    /// From when on nothing is spent before the next period has begun.
    private(set) var endsAt: Instant?

    init(own: NodeID, terms: Terms, state: LedgerState, generator: Generator) {
        leases = Leases(terms: terms, spent: state.leased, durable: state.leased)
        router = Router(own: own, generator: generator)
        period = state.period
    }

    /// Whether a file is offered here, or known to be gone.
    func knows(_ file: FileID) -> Bool { router[file] != nil || router.absence(of: file) != nil }

    /// As `Account.end(when:)`.
    mutating func end(at moment: Instant?) {
        endsAt = moment
        if moment == nil { leases.isOver = false }
    }

    /// Before anything is spent.
    mutating func lookAtClock(_ now: Instant) {
        if let endsAt { leases.isOver = now >= endsAt }
    }
}

/// Signatures are not checked in a world, but only who learnt the signer's key could.
extension VirtualNetwork {
    func knows(_ id: ShortID, at index: Int) -> Bool {
        place(of: id).map { nodes[index].process?.keys.contains($0) ?? false } ?? false
    }

    /// Whether every signer is known, or introduced by a card beside the statement.
    func canVerify(_ answer: PeerAnswer, at index: Int) -> Bool {
        // A table comes whole, each card before what it signs: nobody has to look at each.
        if case .table = answer { true } else { canVerify(all: answer, at: index) }
    }

    func canVerify(all bearing: some StatementBearing, at index: Int) -> Bool {
        let statements = bearing.statements
        let introduced = Set(statements.compactMap { ($0 as? Card)?.nodeID.short })
        return statements.allSatisfy { statement in
            let signer =
                switch statement.signer {
                case .node(let id): id.short
                case .member(let id): id
                }
            return knows(signer, at: index) || introduced.contains(signer)
        }
    }

    /// The envelope with what can be verified there: mostly all of it.
    func verifiable(_ envelope: Envelope, at index: Int) -> Envelope {
        guard !envelope.news.allSatisfy({ knows($0.author, at: index) }) else { return envelope }
        let introduced = Set(
            envelope.news.compactMap { item in
                if case .card(let card) = item { card.nodeID.short } else { nil }
            })
        return envelope.keeping { knows($0.author, at: index) || introduced.contains($0.author) }
    }
}
