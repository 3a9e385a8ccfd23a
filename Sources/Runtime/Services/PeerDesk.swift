import Catalogue
import Edge
import Membership
import Overlay
import Primitives
import Storage
import Synchronization
import Transport

/// Where the public door hands in what members ask, and waits for what the machine says to it.
final class PeerDesk: PeerDoor {
    private let inbox: Inbox
    private let identity: Identity
    private let directory: Directory
    private let database: Database
    private let belonging: Belonging
    private let shelf: Shelf
    private let scribe: Scribe
    private let callbacks: Callbacks
    private let refusesPrivate: Bool
    private let answers = Waiting<RequestID, PeerAnswer>()
    private let resolutions = Waiting<FileID, LookUpOutcome>()
    private let count = Mutex<UInt64>(0)

    /// The machine answers at once, unless the disk has to confirm something first.
    static let answerLimit = Duration.seconds(10)
    /// As long as a person waits for a page before wondering.
    static let resolutionLimit = Duration.seconds(3)
    /// When asking again pays, where the machine has not answered by then: it is busy, or trackers are slow.
    static let resolutionPause = Duration.seconds(2)

    init(
        inbox: Inbox, identity: Identity, directory: Directory, database: Database, belonging: Belonging, shelf: Shelf,
        scribe: Scribe, callbacks: Callbacks, refusesPrivate: Bool
    ) {
        self.inbox = inbox
        self.identity = identity
        self.directory = directory
        self.database = database
        self.belonging = belonging
        self.shelf = shelf
        self.scribe = scribe
        self.callbacks = callbacks
        self.refusesPrivate = refusesPrivate
    }

    func handle(_ request: Verified<PeerRequest>, from asker: NodeID) async -> PeerAnswer? {
        switch request.value {
        case .prove(let nonce, _): proof(over: nonce)
        case .callBack(let card): await reach(request.part { _ in card }, for: asker).map(PeerAnswer.reached)
        case .catalogue, .introduce: await machine(request, from: asker)
        }
    }

    /// Wherever it was asked, this node only says that it is reached where its card says.
    private func proof(over nonce: Bytes32) -> PeerAnswer? {
        guard let card = directory.card(of: identity.nodeID) else { return nil }
        return .proof(identity.sign(AddressProof(node: identity.nodeID, nonce: nonce, url: card.url)).value)
    }

    /// Who does not know its own newest card learns it, and is not called at addresses of an older one.
    private func reach(_ card: Verified<Card>, for asker: NodeID) async -> Reached? {
        guard card.value.nodeID == asker else { return nil }
        if let newest = directory.card(of: asker), newest.version > card.value.version {
            return Reached(
                url: .untried, endpoints: card.value.endpoints.map { Reached.Door($0, .untried) }, newer: newest)
        }
        inbox.post(.told(card))
        return await callbacks.reach(card.value, for: asker)
    }

    private func machine(_ request: Verified<PeerRequest>, from asker: NodeID) async -> PeerAnswer? {
        let id = count.withLock { count in
            count += 1
            return RequestID(count)
        }
        return await answers.value(for: id, within: Self.answerLimit) {
            inbox.post(.asked(request, from: asker, id))
        }
    }

    func deliver(_ answer: PeerAnswer, to request: RequestID) {
        answers.fulfil(request, with: answer)
    }

    func resolve(_ file: FileID) async -> LookUpOutcome {
        await resolutions.value(for: file, within: Self.resolutionLimit) { inbox.post(.wanted(file)) }
            ?? .postponed(Self.resolutionPause)
    }

    func resolved(_ file: FileID, _ outcome: LookUpOutcome) {
        resolutions.fulfil(file, with: outcome)
    }

    func manifest(of file: FileID) async -> Manifest? {
        shelf.manifest(of: file)
    }

    func join(_ body: [UInt8], signedBy signer: NodeID, from address: IPAddress) async -> (status: Int, body: [UInt8]) {
        do {
            let request = try Admission.check(
                body, signedBy: signer, own: identity.nodeID, isOpen: belonging.isOpen, refusesPrivate: refusesPrivate,
                seenAs: address)
            let now = MonotonicClock.wallTime
            if let proof = request.proof {
                let redemption = try await scribe.perform { [database] in
                    try database.redeem(proof.invite, by: request.newcomer, at: now)
                }
                guard redemption == .redeemed else { throw AdmissionRefusal.inviteVoid }
            }
            let membership = belonging.membership
            let answer = try Admission.answer(
                request, by: identity, network: membership.founder, networkKey: membership.networkKey,
                table: await inbox.ask { $0.roster.news } ?? [], certificates: directory.certificates, seenAs: address,
                at: now)
            return (200, answer.value.wireBytes)
        } catch let refusal as AdmissionRefusal {
            return (refusal.status, Array("\(refusal)".utf8))
        } catch {
            // Why is for this node's operator, not for strangers.
            return (503, Array("This node cannot let anybody in now; try again later.".utf8))
        }
    }
}
