import Allowance
import Catalogue
import Console
import Membership
import Overlay
@_spi(Verification) import Primitives
import Routing
import Synchronization

/// What the tests' nodes are made of.
enum Sample {
    static let own = NodeID(Bytes32(1, 1, 1, 1))
    static let founder = NodeID(Bytes32(2, 2, 2, 2))
    static let other = NodeID(Bytes32(3, 3, 3, 3))
    static let noon = WallTime(milliseconds: 1_777_636_800_000)
    static let period = Period(starts: noon + .seconds(-86_400), ends: noon + .seconds(864_000))
    static let berlin = Place(latitude: 52.52, longitude: 13.4)

    static func card(_ id: NodeID, _ name: String) -> Verified<Card> {
        let endpoint = Endpoint(address: .v4(0xC000_0200 | UInt32(id.bytes.words.0)), port: 8080)
        return Verified(
            checked: Card(
                nodeID: id, agreementKey: .zero, network: founder, version: 1, name: name, endpoints: [endpoint],
                url: "http://\(endpoint)", place: berlin, share: .gigabytes(8), certificate: nil))
    }

    static let facts = NodeFacts(
        id: own, name: "attic", url: "http://192.0.2.1:8080", listen: "0.0.0.0:8080", dataDirectory: "/var/lib/potluck",
        software: "0.1.0", place: berlin, network: founder, isOpen: false, replicas: 3,
        lists: ["friends": [other], "all": [own, founder, other]], freeDisk: .gigabytes(40),
        allowance: .gigabytes(10), share: .gigabytes(8), period: period, startedAt: noon + .seconds(-60),
        wallClock: noon, now: .zero,
        troubles: [Trouble(kind: .diskFull, sentence: "There is no room.", since: noon + .seconds(-9))])

    static let terms = Terms(share: .gigabytes(8))

    static let usage = Usage(
        terms: terms, spent: ClassTotals(serving: .gigabytes(1), replication: .megabytes(200)),
        reserved: ClassTotals(serving: .megabytes(50)),
        durable: ClassTotals(serving: .gigabytes(1) + .megabytes(1), replication: .megabytes(201)), wanted: .zero,
        era: 0)

    /// A file of a length that is one piece.
    static func manifest(
        _ number: UInt64 = 9, name: String = "夏祭り.mp4", publisher: NodeID = own, length: ByteCount = .kibibytes(100),
        expires: WallTime? = nil
    ) throws -> Verified<Manifest> {
        let piece = Bytes32(number, number, number, number)
        let geometry = PieceGeometry(length: length)
        let pieces = [Bytes32](repeating: piece, count: geometry.count)
        let posting = Posting(
            file: FileID(geometry: geometry, pieces: pieces), publisher: publisher, length: length, name: name,
            mediaType: "video/mp4", sha256: piece, audience: .network, replicas: 3, postedAt: noon, expires: expires,
            sequence: 1)
        guard let posting else { throw OperatorError(.unusable, "the sample is not a posting") }
        return Verified(checked: Manifest(posting: posting, pieces: pieces))
    }

    /// A node with one file of its own, in a network with a founder and another member.
    static func overlay(
        _ manifest: Verified<Manifest>? = nil, withdrawals: [Withdrawal] = [], denials: [Denial] = []
    ) throws -> Overlay {
        let manifest = try manifest ?? Sample.manifest()
        let holding = Holding(
            manifest: manifest, pieces: Bitfield(count: 1, full: true), sha256: manifest.value.posting.sha256,
            isOwn: manifest.value.posting.publisher == own)
        let known = [card(founder, "kitchen"), card(other, "cellar")].map { $0.part { News.card($0) } }
        let roster = Roster(
            own: card(own, "attic"), known: known, lastVersion: 0, settings: Roster.Settings(),
            generator: Generator(seed: 1))
        let curator = Curator(
            own: own, holdings: [holding],
            withdrawals: withdrawals.map { RememberedWithdrawal(Verified(checked: $0), isEffective: true) },
            denials: denials, policy: Policy(), generator: Generator(seed: 2))
        let ledger = Ledger(terms: terms, period: period, restored: nil)
        var overlay = Overlay(roster: roster, curator: curator, ledger: ledger, terms: terms)
        var actions: [Overlay::Action] = []
        overlay.handle(.start(noon), at: .zero, into: &actions)
        return overlay
    }
}

/// A node that is all made up, and remembers what it was asked.
final class SampleOperator: Operator {
    struct State {
        var posted: [(PostRequest, [UInt8])] = []
        var invites: [(Int, Duration)] = []
        var joined: [String] = []
        var withdrawn: [FileID] = []
        var denied: [(Denial, isUndone: Bool)] = []
        var left: [Duration] = []
    }

    let state = Mutex(State())
    private let overlay: Overlay
    private let decision: Decision

    init(overlay: Overlay, decision: Decision = Decision(choice: .here, candidates: [], exclusions: [])) {
        self.overlay = overlay
        self.decision = decision
    }

    func about() async -> NodeFacts { Sample.facts }
    func snapshot() async -> Overlay { overlay }
    func usage() -> Usage { Sample.usage }

    func post(
        _ request: PostRequest, body: any AsyncSequence<[UInt8], any Error> & Sendable
    ) async throws -> Verified<Manifest> {
        var bytes: [UInt8] = []
        for try await chunk in body { bytes += chunk }
        state.withLock { $0.posted.append((request, bytes)) }
        return try Sample.manifest(name: request.name)
    }

    func invite(uses: Int, lifetime: Duration) async throws -> String {
        state.withLock { $0.invites.append((uses, lifetime)) }
        return "potluck1sample"
    }

    func join(_ peer: String) async throws -> JoinResult {
        guard peer == "192.0.2.9:8080" else {
            throw OperatorError(.conflict, "This node belongs to a network already; leave it first.")
        }
        state.withLock { $0.joined.append(peer) }
        return JoinResult(
            network: Sample.founder, peer: Sample.other, peerName: "cellar", memberCount: 3, wasMember: false)
    }

    func withdraw(_ file: FileID) async throws {
        state.withLock { $0.withdrawn.append(file) }
    }

    func deny(_ denial: Denial, isUndone: Bool) async throws {
        state.withLock { $0.denied.append((denial, isUndone)) }
    }

    func leave(within: Duration) async throws -> Handover {
        state.withLock { $0.left.append(within) }
        return Handover(left: 1, of: 3)
    }

    func why(_ file: FileID, from: IPAddress) async throws -> Decision { decision }
    func place(of address: IPAddress) async -> Place? { Sample.berlin }
}
