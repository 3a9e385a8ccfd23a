import Catalogue
import Membership
import Overlay
import Primitives

@testable import Transport

extension Subject {
    /// Everything in wire form. What is accepted must be what would have been written: one value, one form. And what
    /// goes out again must be accepted by others.
    static let wireForms: [Subject] = [
        wire("card", Samples.founderCard, Samples.memberCard, limit: 600) { card in
            try claim(card.wireBytes.count <= Card.byteLimit, "a card of \(card.wireBytes.count) bytes")
            try claimPrintable(card.name, "the name of a node")
            try claimPrintable(card.url, "the URL of a node")
            for endpoint in card.endpoints {
                try claim(Endpoint(endpoint.description) == endpoint, "an address in another form: \(endpoint)")
            }
        },
        wire("news", all: Samples.news, limit: 700),
        wire(
            "envelope",
            all: Samples.messages.map { Envelope($0) } + [
                Envelope(.probe(number: 1), news: Array(Samples.news.dropFirst()))
            ], limit: 1200),
        wire("posting", all: Samples.postings, limit: 4096) { posting in
            try claimPrintable(posting.name, "the name of a file")
            try claim(posting.length <= PieceGeometry.lengthLimit, "a length of \(posting.length)")
            try claim(!posting.name.utf8.contains(UInt8(ascii: "/")), "a name with a slash")
            try claim(posting.geometry.count <= PieceGeometry.pieceLimit, "\(posting.geometry.count) pieces")
        },
        wire("manifest", Samples.manifest, limit: 4096) { _ = $0.isConsistent },
        wire("bitfield", Samples.bitfield, Bitfield(count: 0), Bitfield(count: 9, full: true), limit: 600) { field in
            let runs = field.runs
            try claim(runs.reduce(0) { $0 + $1.count } == field.setCount, "runs that are not its pieces")
            try claim(field.isFull == (field.setCount == field.count), "a count that is not its own")
        },
        wire("request", all: Samples.requests, limit: 8192) { request in
            try claim(request.wireBytes.count <= PeerProtocol.requestLimit.bytes, "a request too long to send on")
        },
        wire("answer", all: Samples.answers, limit: 8192),
        wire("join-request", all: Samples.joinRequests, limit: 400) { request in
            let checked = Result { () throws(AdmissionRefusal) in
                try Admission.check(
                    request.wireBytes, signedBy: Samples.member.nodeID, own: Samples.founder.nodeID, isOpen: false,
                    refusesPrivate: true, seenAs: .v4(0x0909_0909))
            }
            if case .failure(let refusal) = checked { try claimPrintable("\(refusal)", "a refusal") }
        },
        wire("join-answer", all: Samples.joinAnswers, limit: 4096),
        wire("certificate", Samples.certificate, limit: 300),
        wire("announcement", Samples.announcement, limit: 300),
    ]

    private static func wire<Value: WireCodable & Equatable & Sendable>(
        _ name: String, _ seeds: Value..., limit: Int, also: @escaping @Sendable (Value) throws -> Void = { _ in }
    ) -> Subject {
        wire(name, all: seeds, limit: limit, also: also)
    }

    private static func wire<Value: WireCodable & Equatable & Sendable>(
        _ name: String, all seeds: [Value], limit: Int, also: @escaping @Sendable (Value) throws -> Void = { _ in }
    ) -> Subject {
        Subject(name: name, limit: limit, seeds: { seeds.map(\.wireBytes) }) { bytes in
            let value: Value
            switch Result(catching: { () throws(WireError) in try Value(wireBytes: bytes) }) {
            case .success(let read): value = read
            case .failure(let error):
                try claimPrintable(error.description, "the error")
                return false
            }
            let written = value.wireBytes
            try claim(
                written == bytes,
                "two forms of one value: \(written.count) bytes are written where \(bytes.count) were read")
            try claim((try? Value(wireBytes: written)) == value, "what is written is read as something else")
            try also(value)
            return true
        }
    }
}
