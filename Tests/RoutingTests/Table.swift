import Primitives
import Routing

/// Places, nodes and a router with one file, for the tests.
enum Table {
    static let file = FileID(Bytes32(1, 2, 3, 4))
    static let own = id(0)
    static let now = Instant(nanoseconds: 1_000_000_000_000)

    static func id(_ number: UInt64) -> NodeID { NodeID(Bytes32(number + 1, 0, 0, number)) }

    static func place(_ latitude: Double, _ longitude: Double) -> Place {
        guard let place = Place(latitude: latitude, longitude: longitude) else { preconditionFailure("on Earth") }
        return place
    }

    static let berlin = place(52.52, 13.40)
    static let potsdam = place(52.40, 13.06)
    static let frankfurt = place(50.11, 8.68)
    static let dallas = place(32.78, -96.80)
    static let tokyo = place(35.68, 139.69)
    static let sydney = place(-33.87, 151.21)

    static func node(
        _ number: UInt64, _ place: Place?, remaining: ByteCount = .gigabytes(1), share: ByteCount = .gigabytes(1),
        load: UInt8 = 0, isAlive: Bool = true, families: AddressFamilies = [.v4, .v6], version: UInt64 = 1
    ) -> RoutingNode {
        RoutingNode(
            id: id(number), url: "http://192.0.2.\(number):8080", place: place, remaining: remaining, share: share,
            load: load, isAlive: isAlive, families: families, statusVersion: version)
    }

    static func file(
        length: ByteCount = .megabytes(10), vouched: RoutingFile.Vouched = .network, holders: [RoutingHolder],
        own: RoutingFile.OwnCopy = .none
    ) -> RoutingFile {
        RoutingFile(
            id: file, length: length, name: "talk.pdf", mediaType: "application/pdf", publisher: id(1),
            vouched: vouched, holders: holders, own: own, sha256: nil)
    }

    /// A router on node 0 in Sydney, and a file that all the given nodes hold.
    static func router(
        _ nodes: [RoutingNode], file: RoutingFile? = nil, ownCopy: RoutingFile.OwnCopy = .none, seed: UInt64 = 1
    ) -> Router {
        var router = Router(own: own, generator: Generator(seed: seed))
        router.apply(.node(node(0, sydney)))
        for node in nodes { router.apply(.node(node)) }
        let holders = nodes.map { RoutingHolder(id: $0.id, isComplete: true) }
        router.apply(.file(file ?? Table.file(holders: holders, own: ownCopy)))
        return router
    }

    static func query(
        from client: Place?, bytes: Range<Int64>? = nil, family: AddressFamilies = .v4, tried: [UInt64] = [],
        ownRemaining: ByteCount = .gigabytes(1)
    ) -> Query {
        Query(
            file: file, bytes: bytes, client: client, family: family, tried: tried.map { id($0).short },
            ownRemaining: ownRemaining)
    }
}

extension Router {
    /// Whom it would choose now: 0 is itself, nil nobody.
    func choice(_ query: Query) -> NodeID? { explain(query, at: Table.now).chosen }
}

extension Decision {
    var chosen: NodeID? {
        switch choice {
        case .here: Table.own
        case .redirect(let node): node.id
        case .unknown, .gone, .nobody: nil
        }
    }
}
