import Catalogue
import Primitives
import Testing

@Suite("What publishers and trackers may not get away with")
struct DisputeTests {
    let own = Sample.node(1)
    let origin = Sample.node(50)
    let liar = Sample.node(51)
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50))

    func complete(_ holder: NodeID) -> Announcement {
        Announcement(file: manifest.file, holder: holder, version: 1, state: .complete)
    }

    @Test(
        "a posting with a wrong length is dropped once a holder proved the true one, whoever spoke first",
        arguments: [true, false], [ByteCount.mebibytes(2), ByteCount(1_048_575), .zero])
    func wrongLength(isLiarFirst: Bool, length: ByteCount) throws {
        var bench = Bench(own: own, members: [origin, liar].map { Sample.facts($0) })
        let honest = manifest.posting
        let lie = honest.altered(by: liar, length: length, replicas: 255)
        let told = [(origin, honest), (liar, lie)]
        var actions: [Curator.Action] = []
        for (member, posting) in isLiarFirst ? told.reversed() : told {
            actions += bench.ask(.announce([complete(member)], [posting]), from: member)
        }
        var proofs: [NodeID] = []
        for _ in 0..<60 {
            let calls = actions.calls.filter { $0.request == .manifest(manifest.file) }
            actions = []
            for call in calls {
                proofs.append(call.to)
                let unproven = Manifest(posting: lie, pieces: manifest.pieces)
                let answer = call.to == origin ? manifest : unproven
                actions += bench.tell(.answered(call.id, .believed(.manifest(answer))))
            }
            actions += bench.wait(.seconds(1))
        }
        #expect(proofs.contains(origin))
        #expect(bench.curator.route(of: manifest.file)?.posting == honest)
        guard case .found(let postings, _, _)? = bench.answer(.lookUp(manifest.file), from: liar) else {
            Issue.record("the file is not known any more")
            return
        }
        #expect(postings == [honest])
        // It does not come back, however it is said.
        bench.ask(.announce([], [lie.altered(sequence: 99)]), from: liar)
        #expect(bench.curator.route(of: manifest.file)?.posting == honest)
        guard case .found([honest], _, [])? = bench.answer(.lookUp(manifest.file), from: liar) else {
            Issue.record("more is told than what is proven")
            return
        }
    }

    /// A bench that is fetching the file, up to its being checked as a whole.
    func fetching(_ posting: Posting, from holder: NodeID, _ bench: inout Bench) throws {
        let offer = Offer(posting: posting, holders: [holder], group: [own])
        let asked = bench.ask(.offer(offer), from: holder)
        #expect(asked.contains(.answer(RequestID(1), .accepted)))
        let call = try #require(asked.calls.first { $0.request == .manifest(posting.file) })
        let described = Manifest(posting: posting, pieces: manifest.pieces)
        bench.tell(.answered(call.id, .believed(.manifest(described))))
        try fetch(&bench, bench.tell(.prepared(posting.file)))
    }

    func fetch(_ bench: inout Bench, _ prepared: [Curator.Action]) throws {
        var actions = prepared
        var isWhole = false
        while !isWhole {
            let fetches = actions.compactMap { action -> (FetchID, Range<Int>)? in
                if case .fetch(let id, _, let pieces, _) = action { (id, pieces) } else { nil }
            }
            try #require(!fetches.isEmpty, "\(actions)")
            actions = []
            for (id, pieces) in fetches {
                bench.tell(.stored(id, pieces))
                actions += bench.tell(.fetchEnded(id, .finished))
            }
            isWhole = actions.contains(.complete(manifest.file))
        }
    }

    let truth = Bytes32(9, 9, 9, 9)

    @Test("a digest that the content contradicts is refused, but only when the content was fetched twice")
    func falseDigest() throws {
        var bench = Bench(own: own, members: [origin].map { Sample.facts($0) })
        let lie = manifest.posting
        try fetching(lie, from: origin, &bench)
        let first = bench.tell(.completed(manifest.file, sha256: truth))
        #expect(first.records == [.pieces(manifest.file, Bitfield(count: 4))])
        #expect(first.contains(.prepare(manifest)))
        bench.ask(.announce([complete(origin)], []), from: origin)
        try fetch(&bench, bench.tell(.prepared(manifest.file)))
        let second = bench.tell(.completed(manifest.file, sha256: truth))
        #expect(second.contains(.persist([.removed(manifest.file)], then: [.discard(manifest.file)])))
        #expect(bench.curator.route(of: manifest.file) == nil)
        let again = CatalogueRequest.offer(Offer(posting: lie, holders: [origin], group: [own]))
        #expect(bench.answer(again, from: origin) == .declined(.policy))
        // Who corrects it is heard.
        try fetching(lie.altered(sha256: truth, sequence: 2), from: origin, &bench)
        #expect(
            bench.tell(.completed(manifest.file, sha256: truth)).records.contains(
                .complete(manifest.file, sha256: truth)))
    }

    @Test("a digest that only this disk contradicted is believed the second time")
    func corruptedHere() throws {
        var bench = Bench(own: own, members: [origin].map { Sample.facts($0) })
        try fetching(manifest.posting, from: origin, &bench)
        bench.tell(.completed(manifest.file, sha256: truth))
        bench.ask(.announce([complete(origin)], []), from: origin)
        try fetch(&bench, bench.tell(.prepared(manifest.file)))
        let stated = manifest.posting.sha256
        #expect(
            bench.tell(.completed(manifest.file, sha256: stated)).records.contains(
                .complete(manifest.file, sha256: stated)))
        #expect(bench.curator.route(of: manifest.file)?.own == .complete)
    }

    @Test("where one of two publishers states the digest that was found, the other is refused at once")
    func witness() throws {
        var bench = Bench(own: own, members: [origin, liar].map { Sample.facts($0) })
        let lie = manifest.posting.altered(by: liar, sha256: truth)
        bench.ask(.announce([complete(origin)], [manifest.posting, lie]), from: origin)
        try fetching(lie, from: liar, &bench)
        let stated = manifest.posting.sha256
        #expect(
            bench.tell(.completed(manifest.file, sha256: stated)).records.contains(
                .complete(manifest.file, sha256: stated)))
        #expect(bench.curator.route(of: manifest.file)?.posting == manifest.posting)
    }

    @Test("only a member that may be the file's tracker can have it copied here")
    func offers() {
        let members = (2...20).map { Sample.node($0) } + [origin]
        let near = Set(ranked(1..<21, for: manifest).prefix(6))
        for member in members {
            var bench = Bench(own: own, members: members.map { Sample.facts($0) })
            let offer = CatalogueRequest.offer(Offer(posting: manifest.posting, holders: [origin], group: [own]))
            let actions = bench.ask(offer, from: member)
            let isNear = bench.curator.trackers(of: manifest.file).contains(member)
            if isNear {
                #expect(actions.contains(.answer(RequestID(1), .accepted)))
            } else if !near.contains(member), member != origin {
                #expect(actions == [.answer(RequestID(1), .declined(.notTracker))])
            }
        }
    }
}
