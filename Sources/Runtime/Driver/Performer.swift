import Catalogue
import Console
import Edge
import Logging
import Membership
import Overlay
import Primitives
import Transport

/// Performs what the overlay decides: hands each action to the door it is for. Nothing here decides anything, and
/// nothing here waits; what takes time tells the inbox when it is done.
final class Performer: Sendable {
    private let inbox: Inbox
    private let identity: Identity
    private let directory: Directory
    private let account: Account
    private let datagrams: SealedDatagrams
    private let client: PeerClient
    private let shelf: Shelf
    private let fetcher: Fetcher
    private let routing: RoutingTable
    private let desk: PeerDesk
    private let logger: Logger
    private let scribe: Scribe
    private let leaving: Leaving

    init(
        inbox: Inbox, identity: Identity, directory: Directory, account: Account, datagrams: SealedDatagrams,
        client: PeerClient, shelf: Shelf, fetcher: Fetcher, routing: RoutingTable, desk: PeerDesk, scribe: Scribe,
        leaving: Leaving,
        logger: Logger
    ) {
        self.inbox = inbox
        self.identity = identity
        self.directory = directory
        self.account = account
        self.datagrams = datagrams
        self.client = client
        self.shelf = shelf
        self.fetcher = fetcher
        self.routing = routing
        self.desk = desk
        self.scribe = scribe
        self.leaving = leaving
        self.logger = logger
    }

    /// May be called from any thread: the scribe calls it for what waited for the disk.
    func perform(_ actions: [Overlay::Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: Overlay::Action) {
        switch action {
        case .persist(let records, let then):
            persist(records, then)
        case .send(let envelope, let member):
            datagrams.send(envelope, to: member)
        case .call(let id, let request, let member):
            call(id, request, to: member)
        case .answer(let id, let answer):
            desk.deliver(answer, to: id)
        case .prove(let member):
            prove(member)
        case .sign(let draft):
            logger.log(draft)
            inbox.post(.signed(identity.sign(draft)))
        case .learn(let card):
            directory.learn(card)
        case .prepare(let manifest):
            shelf.prepare(manifest)
        case .fetch(let id, let file, let pieces, let holder):
            fetcher.fetch(id, file, pieces: pieces, from: holder)
        case .complete(let file):
            shelf.complete(file)
        case .discard(let file):
            shelf.discard(file)
        case .extend(let durable):
            account.extend(to: durable)
        case .endPeriod:
            account.end()
        case .beginPeriod(let terms, let durable):
            account.begin(terms: terms, durable: durable)
        case .amendTerms(let terms):
            account.amend(terms)
        case .route(let change):
            routing.apply(change)
        case .resolved(let file, let outcome):
            desk.resolved(file, outcome)
        case .progress:
            break
        case .left:
            leaving.finish()
        case .notice(let notice):
            logger.log(notice)
        }
    }

    private func persist(_ records: [Record], _ then: [Overlay::Action]) {
        guard !then.isEmpty else { return scribe.persist(records, then: nil) }
        let isReply = then.allSatisfy { action in
            if case .answer = action { return true }
            return false
        }
        scribe.persist(records, isReply: isReply) { [self] in perform(then) }
    }

    private func prove(_ member: NodeID) {
        guard let card = directory.card(of: member) else { return inbox.post(.proved(member, .untried)) }
        Task { [client, inbox] in inbox.post(.proved(member, await client.prove(card))) }
    }

    private func call(_ id: CallID, _ request: PeerRequest, to member: NodeID) {
        guard let card = directory.card(of: member) else {
            return inbox.post(.failed(id, .unreachable))
        }
        Task { [client, inbox] in
            switch await client.call(request, to: card) {
            case .success(let answer): inbox.post(.answered(id, answer))
            case .failure(let failure): inbox.post(.failed(id, failure))
            }
        }
    }
}

extension Logger {
    /// Of what this node says, only what is about others.
    fileprivate func log(_ draft: Draft) {
        guard case .news(.verdict(let verdict)) = draft else { return }
        debug("A node does not answer here, and the others are told so.", metadata: ["node": "\(verdict.subject)"])
    }

    fileprivate func log(_ notice: Notice) {
        switch notice {
        case .memberJoined(let id, let name):
            info("A node joined the network.", metadata: ["node": "\(id)", "name": "\(FileName.printable(name))"])
        case .memberReturned(let id, let name):
            info("A node is back.", metadata: ["node": "\(id)", "name": "\(FileName.printable(name))"])
        case .memberDied(let id, let name):
            self.notice(
                "A node does not answer any more.", metadata: ["node": "\(id)", "name": "\(FileName.printable(name))"])
        case .memberLeft(let id, let name):
            info("A node left the network.", metadata: ["node": "\(id)", "name": "\(FileName.printable(name))"])
        case .memberLied(let id, let name, let misdeed, let file, let times):
            warning(
                "\(misdeed.sentence)",
                metadata: [
                    "node": "\(id)", "name": "\(FileName.printable(name))", "file": "\(file)", "times": "\(times)",
                ])
        case .shareTaken(let id, let name, let size):
            info(
                "A publisher has its share of this disk, and more was declined; see publisherShare in node.yaml.",
                metadata: ["node": "\(id)", "name": "\(FileName.printable(name))", "held": "\(size)"])
        }
    }
}

extension Misdeed {
    fileprivate var sentence: Logger.Message {
        switch self {
        case .wrongPiece: "A node sent a piece that is not the file's; it is not asked for this file again."
        case .falseDigest: "A node posted a file with a digest that its content does not have; that posting is refused."
        case .falseLength: "A node posted a file with a length that its content does not have; that posting is refused."
        }
    }
}
