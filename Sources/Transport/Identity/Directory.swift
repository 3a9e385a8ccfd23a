public import Membership
@_spi(Verification) public import Primitives
internal import Synchronization

/// Who belongs to this node's network, and with which keys: the only place where signatures are believed.
///
/// A node belongs when it is the founder, or when somebody who belongs has signed its certificate. That stays true for
/// as long as the network does, so certificates are never forgotten, only cards are: what a departed publisher signed
/// can still be checked. Shared by all doors; the lock is never held while a signature is computed.
public final class Directory: Sendable {
    /// The most certificates remembered: twice the largest network. Beyond it, new ones are refused.
    public static let limit = 20_000

    private let state: Mutex<DirectoryState>

    public init(founder: NodeID) {
        state = Mutex(DirectoryState(founder: founder))
    }

    /// Begins anew, as a member of the network founded by that node.
    public func enter(network founder: NodeID) {
        state.withLock { $0 = DirectoryState(founder: founder) }
    }

    /// Who founded the network, and so names it.
    public var founder: NodeID { state.withLock(\.founder) }

    /// Keys and addresses to use for a member from now on: its newest card, or this node's own.
    public func learn(_ card: Verified<Card>) {
        state.withLock {
            // One that was on its way here while this node changed networks.
            guard card.value.network == $0.founder else { return }
            if let certificate = card.value.certificate { _ = $0.admit(certificate) }
            $0.cards[card.value.nodeID] = card.value
        }
    }

    /// Certificates from elsewhere than cards, in any order: those that hold and lead to the founder are remembered.
    public func learn(_ certificates: [Certificate]) {
        _ = failures(among: certificates.prefix(Self.limit).map { [$0] }, stoppingAtFirst: false)
    }

    /// The member's card is no longer used; that it was admitted stays known.
    public func forget(_ id: NodeID) {
        state.withLock { _ = $0.cards.removeValue(forKey: id) }
    }

    public func card(of id: NodeID) -> Card? { state.withLock { $0.cards[id] } }

    /// The admitted node of that short id.
    public func nodeID(of id: ShortID) -> NodeID? { state.withLock { $0.names[id] } }

    /// Whether that node is the founder, or its certificate was seen here.
    public func isAdmitted(_ id: NodeID) -> Bool { state.withLock { $0.isAdmitted(id) } }

    /// All certificates ever verified, by subject: what a newcomer needs to check statements of members now gone.
    public var certificates: [Certificate] {
        state.withLock { $0.certificates.values.sorted { $0.subject < $1.subject } }
    }

    /// How many statements `verifying` and `sifting` have dropped so far.
    public var rejections: Int { state.withLock(\.rejections) }

    /// The value, if every statement in it is by somebody who belongs and has the right signature.
    ///
    /// Statements may lean on others beside them, in any order: a status on its card, a card on its issuer's.
    public func verify<Value: StatementBearing>(_ value: Value) throws(VerificationError) -> Verified<Value> {
        if let failure = failures(among: value.statements.map { [$0] }, stoppingAtFirst: true).first {
            throw failure.error
        }
        return Verified(checked: value)
    }

    /// What of a table verifies, in its order. The rest is dropped and counted: a table of thousands must not be lost
    /// over one statement of somebody unknown here.
    public func verifying(_ table: [News]) -> [Verified<News>] {
        let failed = Set(failures(among: table.map(\.statements), stoppingAtFirst: false).map(\.index))
        if !failed.isEmpty { state.withLock { $0.rejections &+= failed.count } }
        return table.indices.filter { !failed.contains($0) }.map { Verified(checked: table[$0]) }
    }

    /// What of the value verifies: without those statements that do not hold, where they stand in lists. These are
    /// counted; one that the value cannot do without must hold.
    public func sifting<Value: Siftable>(_ value: Value) throws(VerificationError) -> Verified<Value> {
        let failed = Set(failures(among: value.statements.map { [$0] }, stoppingAtFirst: false).map(\.index))
        guard !failed.isEmpty else { return Verified(checked: value) }
        state.withLock { $0.rejections &+= failed.count }
        return try verify(value.keeping { !failed.contains($0) })
    }

    /// How often a table is gone through: certificates deeper than this below ones known here, in the worst order, wait
    /// for another table. Bounds what a hostile order can cost.
    private static let passLimit = 32

    /// Which entries do not hold. What fails for want of something that another entry may bring is looked at again.
    private func failures(
        among entries: [[any Statement]], stoppingAtFirst: Bool
    ) -> [(index: Int, error: VerificationError)] {
        var failures: [(index: Int, error: VerificationError)] = []
        var pending = Array(entries.indices)
        for pass in 1...Self.passLimit {
            var waiting: [(index: Int, error: VerificationError)] = []
            for index in pending {
                do throws(VerificationError) {
                    for statement in entries[index] { try check(statement) }
                } catch {
                    guard error.mayPass else {
                        failures.append((index, error))
                        if stoppingAtFirst { return failures }
                        continue
                    }
                    waiting.append((index, error))
                }
            }
            if waiting.isEmpty || waiting.count == pending.count || pass == Self.passLimit { return failures + waiting }
            pending = waiting.map(\.index)
        }
        return failures
    }

    private func check(_ statement: some Statement) throws(VerificationError) {
        if let card = statement as? Card {
            try checkAdmission(of: card)
        } else if let certificate = statement as? Certificate {
            return try check(certificate)
        }
        let signer: NodeID? = state.withLock {
            switch statement.signer {
            case .node(let id): $0.isAdmitted(id) ? id : nil
            case .member(let id): $0.names[id]
            }
        }
        guard let signer else { throw .unknownSigner(statement.signer) }
        try checkSignature(of: statement, by: signer)
    }

    private func checkAdmission(of card: Card) throws(VerificationError) {
        let founder = founder
        guard card.network == founder else { throw .otherNetwork(card.network) }
        guard card.nodeID != founder else { return }
        guard let certificate = card.certificate, certificate.subject == card.nodeID else {
            throw .uncertified(card.nodeID)
        }
        try check(certificate)
    }

    private func check(_ certificate: Certificate) throws(VerificationError) {
        let issuerBelongs = try state.withLock { state throws(VerificationError) in
            guard certificate.network == state.founder else { throw .otherNetwork(certificate.network) }
            return state.isAdmitted(certificate.issuer)
        }
        guard issuerBelongs, certificate.subject != certificate.issuer else {
            throw .uncertified(certificate.subject)
        }
        try checkSignature(of: certificate, by: certificate.issuer)
        guard state.withLock({ $0.admit(certificate) }) else { throw .directoryFull }
    }

    private func checkSignature(of statement: some Statement, by signer: NodeID) throws(VerificationError) {
        let bytes = statement.signedBytes
        let digest = VerifiedStatements.digest(of: bytes, statement.signature, by: signer)
        guard !state.withLock({ $0.seen.contains(digest) }) else { return }
        guard statement.signature.isValid(for: bytes, by: signer) else { throw .badSignature(statement.signer) }
        state.withLock { $0.seen.insert(digest) }
    }
}

/// What the directory knows, behind its lock.
private struct DirectoryState {
    let founder: NodeID
    var cards: [NodeID: Card] = [:]
    var certificates: [NodeID: Certificate] = [:]
    /// The admitted node of each short id; of two, the first.
    var names: [ShortID: NodeID]
    var seen = VerifiedStatements()
    var rejections = 0

    init(founder: NodeID) {
        self.founder = founder
        names = [founder.short: founder]
    }

    func isAdmitted(_ id: NodeID) -> Bool { id == founder || certificates[id] != nil }

    /// Remembers a certificate whose signature holds; the first one of a subject stays. False when there is no room.
    mutating func admit(_ certificate: Certificate) -> Bool {
        let subject = certificate.subject
        guard !isAdmitted(subject) else { return true }
        guard certificates.count < Directory.limit else { return false }
        certificates[subject] = certificate
        if names[subject.short] == nil { names[subject.short] = subject }
        return true
    }
}
