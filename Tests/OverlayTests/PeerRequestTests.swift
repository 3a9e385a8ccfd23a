import Catalogue
import Membership
import Overlay
import Primitives
import Testing

@testable import Simulation

@Suite struct PeerRequestTests {
    private static let file = FileID(Bytes32(1, 2, 3, 4))
    private static let node = NodeID(Bytes32(5, 6, 7, 8))
    private static let card = Card(
        nodeID: node, agreementKey: .zero, network: node, version: 1, name: "a node",
        endpoints: [Endpoint(address: .v4(0xC000_0201), port: 8080)], url: "http://192.0.2.1:8080", place: nil,
        share: .zero, certificate: nil)
    private static let requests: [PeerRequest] = [
        .catalogue(.lookUp(file)), .catalogue(.pieces(file)), .introduce([]), .introduce([], wantsTable: false),
        .prove(nonce: Bytes32(1, 1, 1, 1), by: card),
        .callBack(card),
    ]
    private static let answers: [PeerAnswer] = [
        .catalogue(.unknown), .catalogue(.noted), .table([]),
        .proof(AddressProof(node: node, nonce: Bytes32(1, 1, 1, 1), url: card.url)),
        .reached(Reached(url: .answered, endpoints: [Reached.Door(card.endpoints[0], .silent)])),
        .reached(Reached(url: .untried, endpoints: [], newer: card)),
    ]

    @Test("a request reads back as it was", arguments: requests)
    func requestRoundTrip(request: PeerRequest) throws {
        #expect(try PeerRequest(wireBytes: request.wireBytes) == request)
        #expect(request.wireCount == request.wireBytes.count)
    }

    @Test("an answer reads back as it was", arguments: answers)
    func answerRoundTrip(answer: PeerAnswer) throws {
        #expect(try PeerAnswer(wireBytes: answer.wireBytes) == answer)
        #expect(answer.wireCount == answer.wireBytes.count)
    }

    @Test("a request of another version is refused by that name", arguments: requests)
    func otherVersion(request: PeerRequest) {
        var bytes = request.wireBytes
        bytes[0] = 9
        #expect(throws: WireError.unknownVersion(9)) { try PeerRequest(wireBytes: bytes) }
    }

    @Test("a request that ends early, or goes on, is refused", arguments: requests)
    func wrongLength(request: PeerRequest) {
        let bytes = request.wireBytes
        for length in bytes.indices {
            #expect(throws: WireError.self) { try PeerRequest(wireBytes: bytes.prefix(length)) }
        }
        #expect(throws: WireError.trailingBytes(1)) { try PeerRequest(wireBytes: bytes + [0]) }
    }

    @Test("a table that claims more than it holds costs nothing")
    func boastfulTable() {
        #expect(throws: WireError.tooLong(what: "news", count: 0xFFFF_FFFF, limit: tableLimit)) {
            try PeerAnswer(wireBytes: [1, 2, 0xFF, 0xFF, 0xFF, 0xFF])
        }
        #expect(throws: WireError.truncated) { try PeerAnswer(wireBytes: [1, 2, 0, 0, 0x70, 0]) }
    }
}
