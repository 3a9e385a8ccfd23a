import Catalogue
import Membership
import Overlay
@_spi(Verification) import Primitives

/// What members say.
extension HostileDay {
    static func card(of id: NodeID, version: UInt64) -> Card {
        let founder = ids[0]
        let number = UInt32(truncatingIfNeeded: id.bytes.words.1)
        return Card(
            nodeID: id, agreementKey: .zero, network: founder, version: version, name: "n",
            endpoints: [Endpoint(address: .v4(0xC000_0200 + number), port: 1)], url: "http://n", place: nil,
            share: .gigabytes(8),
            certificate: id == founder
                ? nil : Certificate(subject: id, issuer: founder, network: founder, issuedAt: dawn))
    }

    mutating func receiveDatagram() throws {
        let sender = choices.pick(Self.others)
        var news: [News] = []
        for _ in 0..<choices.below(4) { news.append(anyNews()) }
        // Only what fits, and what the wire carries, arrives.
        var envelope = Envelope(anyMessage(), news: news)
        while envelope.wireBytes.count > Envelope.limit { envelope.news.removeLast() }
        guard (try? Envelope(wireBytes: envelope.wireBytes)) != nil else { return }
        try deliver(.datagram(Verified(checked: envelope), from: sender))
    }

    mutating func beAsked() throws {
        let asker = choices.pick(Self.others)
        let request: PeerRequest
        switch choices.below(10) {
        case 0, 1, 2:
            var postings: [Posting] = []
            for _ in 0..<choices.below(4) { postings.append(anyPosting()) }
            var announcements: [Announcement] = []
            for _ in 0..<choices.below(6) { announcements.append(anyAnnouncement()) }
            request = .catalogue(.announce(announcements, postings, anyWithdrawals()))
        case 3: request = .catalogue(.lookUp(anyFile()))
        case 4:
            request = .catalogue(
                .offer(
                    Offer(
                        posting: anyPosting(), holders: choices.some(Self.ids, most: 4),
                        group: Array(Set(choices.some(Self.ids, most: 6) + [Self.own])))))
        case 5: request = .catalogue(.manifest(anyFile()))
        case 6: request = .catalogue(.pieces(anyFile()))
        case 7: request = .prove(nonce: .zero, by: Self.card(of: choices.pick(Self.others), version: anyVersion()))
        case 8: request = .catalogue(.confirm([anyFile()]))
        default: request = .introduce([anyNews()])
        }
        guard (try? PeerRequest(wireBytes: request.wireBytes)) != nil else { return }
        requests += 1
        try deliver(.asked(Verified(checked: request), from: asker, RequestID(requests)))
    }

    mutating func beAnswered() throws {
        guard !calls.isEmpty else { return }
        let call = calls.remove(at: choices.below(calls.count))
        if choices.below(4) == 0 {
            let failure = choices.pick([.timedOut, .unreachable, .malformed, .refused(status: 503)] as [CallFailure])
            return try deliver(.failed(call.id, failure))
        }
        let answer = choices.bool() ? fittingAnswer(to: call.request) : anyAnswer()
        guard (try? PeerAnswer(wireBytes: answer.wireBytes)) != nil else {
            return try deliver(.failed(call.id, .malformed))
        }
        try deliver(.answered(call.id, Verified(checked: answer)))
    }

    private mutating func fittingAnswer(to request: PeerRequest) -> PeerAnswer {
        switch request {
        case .catalogue(.announce): .catalogue(.noted)
        case .catalogue(.lookUp(let file)):
            .catalogue(.found([anyPosting(of: file)], [anyAnnouncement(of: file), anyAnnouncement(of: file)]))
        case .catalogue(.offer): .catalogue(.accepted)
        case .catalogue(.manifest(let file)):
            if let item = Self.hoard.first(where: { $0.file == file }) {
                .catalogue(.manifest(Manifest(posting: anyPosting(of: file, length: item.length), pieces: item.pieces)))
            } else {
                .catalogue(.unknown)
            }
        case .catalogue(.pieces(let file)):
            .catalogue(
                .pieces(anyBitfield(Self.hoard.first { $0.file == file }.map(\.pieces.count) ?? choices.below(90))))
        default: anyAnswer()
        }
    }

    private mutating func anyAnswer() -> PeerAnswer {
        switch choices.below(10) {
        case 0: return .catalogue(.noted)
        case 1: return .catalogue(.unknown)
        case 2: return .catalogue(.accepted)
        case 3: return .catalogue(.declined(choices.pick(CatalogueAnswer.Refusal.allCases)))
        case 4: return .catalogue(.pieces(anyBitfield(choices.below(90))))
        case 5:
            var postings: [Posting] = []
            for _ in 0..<choices.below(4) { postings.append(anyPosting()) }
            var announcements: [Announcement] = []
            for _ in 0..<choices.below(6) { announcements.append(anyAnnouncement()) }
            return .catalogue(.found(postings, announcements, anyWithdrawals()))
        case 6:
            let item = choices.pick(Self.hoard)
            return .catalogue(
                .manifest(Manifest(posting: anyPosting(of: item.file, length: item.length), pieces: item.pieces)))
        case 7: return .proof(AddressProof(node: choices.pick(Self.others), nonce: .zero, url: "http://n"))
        case 8:
            return choices.bool()
                ? .catalogue(.withdrawn(anyWithdrawals()))
                : .catalogue(.confirmed([anyPosting()], anyWithdrawals(), unknown: [anyFile()]))
        default:
            var news: [News] = []
            for _ in 0..<choices.below(12) { news.append(anyNews()) }
            return .table(news)
        }
    }

    // MARK: Messages and news

    private mutating func anyMessage() -> Message {
        let number =
            numbers.isEmpty || choices.bool() ? UInt32(truncatingIfNeeded: choices.number()) : choices.pick(numbers)
        switch choices.below(12) {
        case 0: return .pulse(anyPulse())
        case 1, 2: return .pulseReply(anyPulse())
        case 3: return .probe(number: number)
        case 4: return .probeReply(number: number, coordinate: anyCoordinate())
        case 5: return .indirectProbe(number: number, target: choices.pick(Self.ids).short)
        case 6: return .indirectReply(number: number)
        case 7: return .suspicion(number: number, version: anyVersion())
        case 8:
            let hash = UInt32(truncatingIfNeeded: choices.number())
            return .buckets(minute: number, hashes: Array(repeating: hash, count: BucketSet.count))
        case 9: return .indirectFailure(number: number)
        case 10:
            var buckets = BucketSet()
            for _ in 0..<choices.below(20) { buckets.insert(choices.byte()) }
            let rows = digests().map { RowDigests.Row(id: $0, hash: $0 ^ number) }
            return .rows(RowDigests(minute: number, buckets: buckets, rows: rows, isQuestion: choices.bool()))
        default: return .tidings
        }
    }

    private mutating func anyPulse() -> Pulse {
        let (one, other) = (choices.number(), choices.number())
        // A reply counts only under the number of what it answers.
        let number = numbers.isEmpty || choices.below(4) == 0 ? UInt32(truncatingIfNeeded: one) : choices.pick(numbers)
        return Pulse(
            number: number, interval: .milliseconds(1 + choices.number(below: 3_600_000)),
            carriage: Carriage(
                epoch: UInt32(truncatingIfNeeded: choices.number()), after: min(one, other), through: max(one, other)),
            acknowledgement: Cursor(
                epoch: choices.bool() ? epoch : UInt32(truncatingIfNeeded: choices.number()), position: choices.number()
            ),
            hasMore: choices.bool(), isNeighbour: choices.bool(), mentions: digests(), wants: digests(),
            minute: choices.bool() ? UInt32(wall.milliseconds / 60_000) : UInt32(truncatingIfNeeded: other),
            quietHash: UInt32(truncatingIfNeeded: choices.number()), coordinate: anyCoordinate())
    }

    private mutating func anyCoordinate() -> Coordinate? {
        choices.bool() ? nil : Coordinate(x: .min, y: .max, z: 0, height: .max, error: choices.byte())
    }

    /// Of what this node mentioned, of what it never heard of, and none.
    private mutating func digests() -> [UInt32] {
        (0..<choices.below(12)).map { _ in
            mentions.isEmpty || choices.bool() ? UInt32(truncatingIfNeeded: choices.number()) : choices.pick(mentions)
        }
    }

    /// Near the clock, near this node's own, or anywhere that the wire allows.
    mutating func anyVersion() -> UInt64 {
        let version =
            switch choices.below(3) {
            case 0: UInt64(wall.milliseconds) + choices.number(below: 4)
            case 1: (overlay.roster.own.status?.value.version ?? 0) + choices.number(below: 3)
            default: choices.number(below: 253_402_300_800_000)
            }
        return min(version, 253_402_300_799_999)
    }

    private mutating func anyNews() -> News {
        if choices.below(8) == 0, !said.isEmpty { return choices.pick(said) }
        let author = choices.pick(Self.others)
        switch choices.below(6) {
        case 0, 1: return .card(Self.card(of: author, version: anyVersion()))
        case 2, 3:
            return .status(
                Status(
                    node: author.short, version: anyVersion(), remaining: QuarterPower(anyCount()),
                    load: choices.byte(),
                    freeDisk: QuarterPower(anyCount()),
                    coordinate: choices.bool()
                        ? Coordinate(x: .min, y: .max, z: 0, height: .max, error: choices.byte()) : nil))
        case 4:
            return .verdict(Verdict(subject: choices.pick(Self.ids).short, issuer: author.short, version: anyVersion()))
        default: return .departure(Departure(node: author.short, version: anyVersion()))
        }
    }

    // MARK: Postings and announcements

    mutating func anyCount() -> ByteCount {
        ByteCount(Int64(bitPattern: choices.number(below: 1 << 63)))
    }

    private mutating func anyTime() -> WallTime {
        switch choices.below(3) {
        case 0: wall
        case 1: wall + .milliseconds(Int64(choices.number(below: 100_000)))
        default: WallTime(milliseconds: Int64(choices.number(below: 253_402_300_800_000)))
        }
    }

    mutating func anyFile() -> FileID {
        choices.below(4) == 0 ? FileID(Bytes32(UInt64(choices.byte()), 7, 7, 7)) : choices.pick(Self.hoard).file
    }

    mutating func anyPosting(of file: FileID? = nil, length: ByteCount? = nil) -> Posting {
        let item = choices.pick(Self.hoard)
        let file = file ?? (choices.below(4) == 0 ? anyFile() : item.file)
        let truth = Self.hoard.first { $0.file == file }?.length
        let lie = ByteCount(Int64(choices.number(below: 1 << 40)))
        let length = length ?? (choices.below(4) > 0 ? truth : nil) ?? lie
        let audience: Audience =
            choices.below(4) == 0 ? .named(Array(Set(choices.some(Self.ids, most: 4))).sorted()) : .network
        let posting = Posting(
            file: file, publisher: choices.pick(Self.others), length: length, name: "f", mediaType: "a/b",
            sha256: .zero,
            audience: audience, replicas: choices.byte(), postedAt: anyTime(),
            expires: choices.below(4) == 0 ? anyTime() : nil, sequence: choices.number())
        guard let posting else { preconditionFailure("a posting within its limits") }
        return posting
    }

    mutating func anyAnnouncement(of file: FileID? = nil) -> Announcement {
        if choices.below(8) == 0, !announced.isEmpty { return choices.pick(announced) }
        return Announcement(
            file: file ?? anyFile(), holder: choices.pick(Self.others), version: choices.number(),
            state: choices.pick([.filling, .complete, .complete, .gone]))
    }

    private mutating func anyWithdrawals() -> [Withdrawal] {
        (0..<choices.below(3)).map { _ in
            Withdrawal(
                file: anyFile(), publisher: choices.pick(Self.others), sequence: choices.number(), at: anyTime(),
                keptUntil: choices.bool() ? anyTime() : nil)
        }
    }

    private mutating func anyBitfield(_ count: Int) -> Bitfield {
        var field = Bitfield(count: count, full: choices.bool())
        for _ in 0..<choices.below(5) where count > 0 { field[choices.below(count)].toggle() }
        return field
    }
}
