internal import Allowance
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

    init(own: NodeID, terms: Terms, state: LedgerState, generator: Generator) {
        leases = Leases(terms: terms, spent: state.leased, durable: state.leased)
        router = Router(own: own, generator: generator)
        period = state.period
    }
}

/// Signatures are not checked in a world, but only who knows the signer could.
extension VirtualNode.Process {
    func knows(_ id: NodeID) -> Bool { overlay.roster.knows(id.short) }

    /// Whether every signer is known, or introduced by a card beside the statement.
    func canVerify(_ bearing: some StatementBearing) -> Bool {
        let statements = bearing.statements
        let introduced = Set(statements.compactMap { ($0 as? Card)?.nodeID.short })
        return statements.allSatisfy { statement in
            let signer =
                switch statement.signer {
                case .node(let id): id.short
                case .member(let id): id
                }
            return overlay.roster.knows(signer) || introduced.contains(signer)
        }
    }

    /// The envelope with what can be verified here.
    func verifiable(_ envelope: Envelope) -> Envelope {
        let introduced = Set(
            envelope.news.compactMap { item in
                if case .card(let card) = item { card.nodeID.short } else { nil }
            })
        return envelope.keeping { overlay.roster.knows($0.author) || introduced.contains($0.author) }
    }
}
