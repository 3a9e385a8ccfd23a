import Allowance
import NIOCore
import Primitives
import Routing
import Transport

// What this node says about itself, about files and about its choices.
extension Connection {
    /// The most holders that one list names.
    private static let listLimit = 64

    func greet() {
        let greeting = services.greeting()
        let text = """
            \(greeting.name)

            A Potluck node: publishers who share the bandwidth they have to spare.

            node     \(greeting.node)
            network  \(greeting.network)
            version  \(greeting.version)
            """
        respond(.ok, text: text) { $0.write(field: "Cache-Control: ", "no-cache") }
    }

    /// Who could serve the file, best first: complete holders by score, then those that are still filling.
    func answerMirrorList(_ file: RoutingFile, client: IPAddress) {
        let whole = FileRequest(file: file, range: .whole, client: client, signer: nil)
        let decision = services.routing.explain(query(for: whole), at: services.now())
        var path = ByteBuffer()
        path.writeStaticString("/f/")
        path.write(base32: file.id)
        path.writeStaticString("/")
        path.write(encodingSegment: file.name.utf8)
        let pathText = String(buffer: path)
        var json = JSONText()
        json.array { json in
            for candidate in decision.candidates.prefix(Self.listLimit) {
                json.object { json in
                    json.key("url")
                    json.value(candidate.node.url + pathText)
                    json.key("node")
                    json.value("\(candidate.node.id)")
                    json.key("complete")
                    json.value(
                        candidate.node.id == services.own
                            ? file.own == .complete
                            : file.holders.contains { $0.id == candidate.node.id && $0.isComplete })
                    json.key("length")
                    json.value(file.length.bytes)
                    if let digest = file.sha256 {
                        json.key("sha256")
                        json.value(hexadecimal(digest))
                    }
                }
            }
        }
        respondDocument(json, client: client)
    }

    func answerWhy(_ file: RoutingFile, client: IPAddress) {
        let whole = FileRequest(file: file, range: .whole, client: client, signer: nil)
        let query = query(for: whole)
        let decision = services.routing.explain(query, at: services.now())
        var json = JSONText()
        json.object { json in
            json.key("file")
            json.value("\(file.id)")
            json.key("client")
            json.value("\(client)")
            json.key("place")
            if let place = query.client { json.value("\(place)") } else { json.null() }
            json.key("choice")
            json.value(decision.choice.summary)
            json.key("candidates")
            json.array { json in
                for candidate in decision.candidates.prefix(Self.listLimit) { json.write(candidate) }
            }
            json.key("exclusions")
            json.array { json in
                for exclusion in decision.exclusions.prefix(Self.listLimit) {
                    json.object { json in
                        json.key("node")
                        json.value("\(exclusion.node)")
                        json.key("reason")
                        json.value(exclusion.reason.summary)
                    }
                }
            }
        }
        respondDocument(json, client: client)
    }

    private func respondDocument(_ json: JSONText, client: IPAddress) {
        respond(.ok, client: client, contentType: "application/json", body: json.bytes + [UInt8(ascii: "\n")]) {
            $0.write(field: "Cache-Control: ", "no-store")
            $0.write(field: "Access-Control-Allow-Origin: ", "*")
        }
    }

    /// The piece hashes, for clients that verify: as large as a small file, and paid like one.
    func answerManifest(_ file: RoutingFile, client: IPAddress) {
        let door = services.door
        ask {
            await door.manifest(of: file.id).map { $0.wireBytes }
        } then: { connection, bytes in
            guard let bytes else {
                return connection.refuse(Refusal(.notFound, "This node does not have the piece hashes of this file."))
            }
            guard connection.canSpare(bytes.count) else {
                return connection.comeBack(
                    after: max(1, connection.services.untilPeriodEnds().wholeMilliseconds / 1000),
                    "This node has spent its allowance.", client: client)
            }
            connection.respond(
                .ok, traffic: .serving, client: client, contentType: "application/octet-stream", body: bytes
            ) {
                Self.writeCaching(&$0)
                $0.write(field: "Access-Control-Allow-Origin: ", "*")
            }
        }
    }

    /// There is room for so many bytes and a head.
    private func canSpare(_ count: Int) -> Bool {
        services.account.usage.remaining >= ByteCount(count + 1024)
    }
}

private func hexadecimal(_ digest: Bytes32) -> String {
    digest.array.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension JSONText {
    fileprivate mutating func write(_ candidate: Candidate) {
        object { json in
            json.key("node")
            json.value("\(candidate.node.id)")
            json.key("url")
            json.value(candidate.node.url)
            json.key("score")
            json.value(candidate.score)
            json.key("kilometres")
            if let kilometres = candidate.kilometres { json.value(kilometres) } else { json.null() }
            json.key("roundTripMilliseconds")
            if let roundTrip = candidate.roundTrip {
                json.value(Double(roundTrip.wholeNanoseconds) / 1_000_000)
            } else {
                json.null()
            }
            json.key("spent")
            json.value(candidate.spent)
        }
    }
}

extension Choice {
    fileprivate var summary: String {
        switch self {
        case .here: "here"
        case .redirect(let node): "redirect to \(node.id)"
        case .unknown: "unknown"
        case .gone(.withdrawn): "gone: withdrawn by its publisher"
        case .gone(.expired): "gone: its time is over"
        case .gone(.denied): "gone: not served by this node"
        case .nobody(.exhausted): "nobody: allowances are spent"
        case .nobody(.filling): "nobody: holders are still filling"
        case .nobody(.unproven): "nobody: no holder has proven its address yet"
        case .nobody(.unreachable): "nobody: no holder can be reached"
        }
    }
}

extension Exclusion.Reason {
    fileprivate var summary: String {
        switch self {
        case .notMember: "not a member"
        case .dead: "does not answer"
        case .passedOver: "does not answer just now, and is asked again until it does"
        case .notVouched: "not vouched for by the publisher"
        case .incomplete: "does not have all these bytes yet"
        case .unproven: "has not proven its address yet"
        case .cannotAfford(let remaining): "cannot afford it with \(remaining) left"
        case .alreadyTried: "was tried before"
        case .wrongFamily: "cannot be reached over the client's kind of address"
        case .redirectedEnough: "the client was redirected often enough"
        }
    }
}
