import Catalogue
import Primitives
import Testing

/// Nodes by their rank as trackers of a file.
func ranked(_ numbers: Range<UInt64>, for manifest: Manifest) -> [NodeID] {
    var left = numbers.map(Sample.node)
    var order: [NodeID] = []
    // Each one's rank shows in whom a node asks first when nobody else is there.
    while !left.isEmpty {
        var bench = Bench(own: Sample.node(999), members: left.map { Sample.facts($0) })
        guard let first = bench.tell(.wanted(manifest.file)).calls.first?.to else { return order }
        order.append(first)
        left.removeAll { $0 == first }
    }
    return order
}

@Suite("A holder")
struct HolderTests {
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50))

    @Test("makes a posting durable before it says anything of it, and then tells three trackers")
    func posts() {
        var bench = Bench(own: Sample.node(50), members: (0..<6).map { Sample.facts(Sample.node($0)) })
        let holding = Holding(
            manifest: .believed(manifest), pieces: Bitfield(count: 4, full: true), sha256: Bytes32(1, 2, 3, 4),
            isOwn: true)
        let draft = Announcement(
            file: manifest.file, holder: bench.own, version: UInt64(Sample.wall.milliseconds), state: .complete)
        let route = FileRoute(posting: manifest.posting, holders: [], own: .complete, sha256: Bytes32(1, 2, 3, 4))
        let posted = bench.tell(.posted(.believed(manifest), sha256: Bytes32(1, 2, 3, 4)))
        let expected: [Curator.Action] = [
            .persist([.holding(holding)], then: [.sign(draft)]), .route(route), .progress(manifest.file),
        ]
        #expect(posted == expected)
        // This node may be one of the three itself.
        let all = ranked(0..<6, for: manifest)
        let told = bench.tell(.signed(.believed(draft))).calls
            .filter { $0.request == .announce([draft], [manifest.posting]) }.map(\.to)
        #expect(told == Array(all.prefix(3)) || told == Array(all.prefix(2)))
    }

    @Test("announces everything anew on start, in one call to each tracker once the first is under way")
    func announcesOnStart() {
        let manifests = (1...5).map {
            Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50), replicas: 0, seed: $0)
        }
        let holdings = manifests.map {
            Holding(
                manifest: .believed($0), pieces: Bitfield(count: 4, full: true), sha256: .zero, isOwn: true)
        }
        var bench = Bench(own: Sample.node(50), holdings: holdings)
        bench.tell(.member(Sample.facts(Sample.node(1))))
        let drafts = bench.tell(.start(Sample.wall)).compactMap { action -> Announcement? in
            if case .sign(let draft) = action { return draft }
            return nil
        }
        #expect(drafts.map(\.file) == manifests.map(\.file).sorted())
        #expect(drafts.allSatisfy { $0.state == .complete })
        let calls = drafts.flatMap { bench.tell(.signed(.believed($0))).calls }
        #expect(calls.count == 1)
        let rest = bench.tell(.answered(calls[0].id, .believed(.noted))).calls
        #expect(rest.map(\.to) == [Sample.node(1)])
        #expect(
            rest.first?.request
                == .announce(
                    Array(drafts.dropFirst()),
                    holdings.map(\.manifest.value.posting)
                        .sorted { $0.file < $1.file }.dropFirst().map { $0 }))
    }

    @Test("tells a member that becomes a tracker, and one that fails again later")
    func followsTrackers() {
        var bench = Bench(own: Sample.node(50), members: [])
        bench.tell(.posted(.believed(manifest), sha256: .zero))
        let draft = Announcement(
            file: manifest.file, holder: bench.own, version: UInt64(Sample.wall.milliseconds), state: .complete)
        #expect(bench.tell(.signed(.believed(draft))).calls.isEmpty)
        let first = bench.tell(.member(Sample.facts(Sample.node(1)))).calls
        #expect(first.map(\.request).contains(.announce([draft], [manifest.posting])))
        guard let call = first.first(where: { $0.request.name == "announce" }) else { return }
        bench.tell(.failed(call.id, .timedOut))
        let again = bench.wait(.seconds(1)).calls.filter { $0.request.name == "announce" }
        #expect(again.map(\.to) == [Sample.node(1)])
        // It went away: nothing more is sent to it.
        bench.tell(.failed(again[0].id, .timedOut))
        bench.tell(.member(Sample.facts(Sample.node(1), isAlive: false)))
        #expect(bench.wait(.seconds(600)).calls.isEmpty)
    }

    @Test("answers for what it holds, and for nothing else")
    func answers() {
        var bench = Bench(own: Sample.node(50), members: [])
        bench.tell(.posted(.believed(manifest), sha256: .zero))
        #expect(bench.answer(.manifest(manifest.file), from: Sample.node(1)) == .manifest(manifest))
        #expect(bench.answer(.pieces(manifest.file), from: Sample.node(1)) == .pieces(Bitfield(count: 4, full: true)))
        #expect(bench.answer(.lookUp(manifest.file), from: Sample.node(1)) == .found([manifest.posting], []))
        let other = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50), seed: 2).file
        for request in [CatalogueRequest.manifest(other), .pieces(other), .lookUp(other)] {
            #expect(bench.answer(request, from: Sample.node(1)) == .unknown)
        }
    }

    @Test("fetches damaged content anew, and gives up the third time")
    func damage() {
        var bench = Bench(own: Sample.node(50), members: [])
        bench.tell(.posted(.believed(manifest), sha256: .zero))
        for _ in 0..<2 {
            let actions = bench.tell(.damaged(manifest.file))
            #expect(actions.contains(.persist([.pieces(manifest.file, Bitfield(count: 4))], then: [])))
            #expect(actions.contains(.prepare(manifest)))
        }
        let last = bench.tell(.damaged(manifest.file))
        #expect(last.contains(.persist([.removed(manifest.file)], then: [.discard(manifest.file)])))
    }
}

@Suite("A member that is offered a file")
struct AcceptanceTests {
    let own = Sample.node(1)
    let origin = Sample.node(50)

    func answer(
        _ manifest: Manifest, policy: Policy = Policy(), capacity: ByteCount = .gigabytes(1),
        limits: Curator.Limits = Curator.Limits(), group: [NodeID]? = nil
    ) -> CatalogueAnswer? {
        var bench = Bench(own: own, members: [Sample.facts(origin)], policy: policy, limits: limits)
        bench.tell(.capacity(replication: capacity, freeDisk: capacity))
        return bench.answer(
            .offer(Offer(posting: manifest.posting, holders: [origin], group: group ?? [own])), from: origin)
    }

    @Test("accepts or says why not")
    func accepts() {
        let manifest = Sample.manifest(length: .mebibytes(10), publisher: origin)
        #expect(answer(manifest) == .accepted)
        #expect(answer(manifest, policy: Policy(longestFile: .mebibytes(9))) == .declined(.policy))
        #expect(answer(manifest, policy: Policy(mediaTypes: ["audio/"])) == .declined(.policy))
        #expect(answer(manifest, policy: Policy(mediaTypes: ["audio/", "video/"])) == .accepted)
        #expect(answer(manifest, policy: Policy(publishers: [own])) == .declined(.policy))
        #expect(answer(manifest, policy: Policy(publishers: [origin])) == .accepted)
        #expect(answer(manifest, policy: Policy(denied: [origin])) == .declined(.policy))
        #expect(answer(manifest, capacity: .mebibytes(9)) == .declined(.noDisk))
        #expect(answer(manifest, group: [origin]) == .declined(.malformed))
        var limits = Curator.Limits()
        limits.pulls = 0
        #expect(answer(manifest, limits: limits) == .declined(.busy))
        let forOthers = Sample.manifest(length: .mebibytes(10), publisher: origin, audience: .named([origin]))
        #expect(answer(forOthers) == .declined(.notVouched))
        let forThis = Sample.manifest(length: .mebibytes(10), publisher: origin, audience: .named([own]))
        #expect(answer(forThis) == .accepted)
    }

    @Test("does not promise the same disk or allowance twice")
    func promisesOnce() {
        var bench = Bench(own: own, members: [Sample.facts(origin)])
        bench.tell(.capacity(replication: .mebibytes(25), freeDisk: .gigabytes(1)))
        let answers = (UInt64(1)...3).map { seed in
            let manifest = Sample.manifest(length: .mebibytes(10), publisher: origin, seed: seed)
            return bench.answer(
                .offer(Offer(posting: manifest.posting, holders: [origin], group: [own])), from: origin)
        }
        #expect(answers == [.accepted, .accepted, .declined(.noAllowance)])
    }

    @Test("asks for the manifest, makes it durable, makes room, announces, fetches, checks, announces again")
    func wholeStory() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let file = manifest.file
        var bench = Bench(own: own, members: [Sample.facts(origin)])
        let offer = Offer(posting: manifest.posting, holders: [origin], group: [own])
        let asked = bench.ask(.offer(offer), from: origin)
        #expect(asked.calls.map(\.request) == [.manifest(file)])
        #expect(asked.contains(.answer(RequestID(1), .accepted)))

        var holding = Holding(
            manifest: .believed(manifest), pieces: Bitfield(count: 4), sha256: nil, isOwn: false)
        let described = bench.tell(.answered(asked.calls[0].id, .believed(.manifest(manifest))))
        #expect(described.first == .persist([.holding(holding)], then: [.prepare(manifest)]))

        let prepared = bench.tell(.prepared(file))
        let version = UInt64(Sample.wall.milliseconds)
        #expect(prepared.contains(.sign(Announcement(file: file, holder: own, version: version, state: .filling))))
        guard case .fetch(let fetch, file, pieces: 0..<4, from: origin)? = prepared.last else {
            Issue.record("no fetch in \(prepared)")
            return
        }
        bench.tell(.stored(fetch, 0..<3))
        holding.pieces.insert(0..<3)
        #expect(bench.wait(.seconds(1)).contains(.persist([.pieces(file, holding.pieces)], then: [])))
        bench.tell(.stored(fetch, 3..<4))
        #expect(bench.tell(.fetchEnded(fetch, .finished)).contains(.complete(file)))

        holding.pieces.insert(3..<4)
        let completed = bench.tell(.completed(file, sha256: manifest.posting.sha256))
        let draft = Announcement(file: file, holder: own, version: version + 1000, state: .complete)
        let route = FileRoute(posting: manifest.posting, holders: [], own: .complete, sha256: manifest.posting.sha256)
        #expect(
            completed == [
                .persist(
                    [.pieces(file, holding.pieces), .complete(file, sha256: manifest.posting.sha256)],
                    then: [.sign(draft)]),
                .route(route), .progress(file),
            ])
    }

    @Test("takes no manifest that does not prove the file, and asks the next holder")
    func refusesWrongManifests() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let second = Sample.node(51)
        var bench = Bench(own: own, members: [Sample.facts(origin), Sample.facts(second)])
        let offer = Offer(posting: manifest.posting, holders: [origin, second], group: [own])
        let asked = bench.ask(.offer(offer), from: origin).calls
        let wrong = Manifest(posting: manifest.posting, pieces: manifest.pieces.reversed())
        #expect(!wrong.isConsistent)
        let next = bench.tell(.answered(asked[0].id, .believed(.manifest(wrong)))).calls
        #expect(next.map(\.request) == [.manifest(manifest.file)])
        #expect(Set([asked[0].to, next[0].to]) == [origin, second])
    }

    @Test("forgets a file whose holders all fail before it has the manifest, and looks it up when it is wanted")
    func forgetsWhatItNeverGot() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let tracker = Sample.node(51)
        var bench = Bench(own: own, members: [Sample.facts(origin), Sample.facts(tracker)])
        let asked = bench.ask(.offer(Offer(posting: manifest.posting, holders: [origin], group: [own])), from: tracker)
        bench.tell(.member(Sample.facts(origin, isAlive: false)))
        bench.tell(.failed(asked.calls[0].id, .unreachable))
        #expect(bench.wait(.seconds(70)).contains(.unroute(manifest.file)))
        #expect(bench.tell(.wanted(manifest.file)).calls.map(\.to) == [tracker])
    }

    @Test("declines for a while what nobody could describe, and takes it again afterwards")
    func restsAfterSilence() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let tracker = Sample.node(51)
        var bench = Bench(own: own, members: [Sample.facts(origin), Sample.facts(tracker)])
        let offer = CatalogueRequest.offer(Offer(posting: manifest.posting, holders: [origin], group: [own]))
        let asked = bench.ask(offer, from: tracker)
        bench.tell(.member(Sample.facts(origin, isAlive: false)))
        bench.tell(.failed(asked.calls[0].id, .unreachable))
        bench.wait(.seconds(5))
        bench.tell(.member(Sample.facts(origin)))
        #expect(bench.answer(offer, from: tracker) == .declined(.unable))
        let other = Sample.manifest(length: .mebibytes(1), publisher: origin, seed: 2)
        let another = Offer(posting: other.posting, holders: [origin], group: [own])
        #expect(bench.answer(.offer(another), from: tracker) == .accepted)
        bench.wait(Curator.Settings().undescribedRest)
        #expect(bench.answer(offer, from: tracker) == .accepted)
    }

    @Test("lets go of a file for which there is no room after all")
    func noRoom() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        var bench = Bench(own: own, members: [Sample.facts(origin)])
        let offer = Offer(posting: manifest.posting, holders: [origin], group: [own])
        let asked = bench.ask(.offer(offer), from: origin).calls
        bench.tell(.answered(asked[0].id, .believed(.manifest(manifest))))
        let actions = bench.tell(.noRoom(manifest.file))
        #expect(actions.contains(.persist([.removed(manifest.file)], then: [.discard(manifest.file)])))
        #expect(bench.answer(.pieces(manifest.file), from: origin) == .unknown)
    }

    @Test(
        "abandons a file whose manifest proves another length than was offered",
        arguments: [ByteCount.mebibytes(2), ByteCount(1_048_577), ByteCount(1_048_575), .kibibytes(256), .zero])
    func claimedLength(length: ByteCount) throws {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let (file, proven) = (manifest.file, manifest.posting)
        let claim = try #require(
            Posting(
                file: file, publisher: origin, length: length, name: proven.name, mediaType: proven.mediaType,
                sha256: proven.sha256, audience: proven.audience, replicas: proven.replicas,
                postedAt: proven.postedAt, expires: nil, sequence: proven.sequence))
        var bench = Bench(own: own, members: [Sample.facts(origin)])
        let asked = bench.ask(.offer(Offer(posting: claim, holders: [origin], group: [own])), from: origin)
        #expect(asked.contains(.answer(RequestID(1), .accepted)))
        let call = try #require(asked.calls.first { $0.request == .manifest(file) })
        #expect(
            bench.tell(.answered(call.id, .believed(.manifest(manifest))))
                == [.caught(origin, .falseLength, file, times: 1), .unroute(file)])
        #expect(bench.tell(.prepared(file)) == [])
        #expect(bench.tell(.completed(file, sha256: proven.sha256)) == [])
        #expect(bench.wait(.seconds(120)) == [])
        #expect(bench.curator.route(of: file) == nil)
        #expect(bench.answer(.pieces(file), from: origin) == .unknown)
    }

    @Test("keeps a file that was posted here while room was being made, though there was none")
    func lateNoRoom() throws {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let file = manifest.file
        var bench = Bench(own: own, members: [Sample.facts(origin)])
        let offer = Offer(posting: manifest.posting, holders: [origin], group: [own])
        let asked = bench.ask(.offer(offer), from: origin).calls
        bench.tell(.answered(asked[0].id, .believed(.manifest(manifest))))
        bench.tell(.posted(.believed(manifest), sha256: Bytes32(1, 2, 3, 4)))
        let route = try #require(bench.curator.route(of: file))
        #expect(route.own == .complete)
        #expect(bench.tell(.noRoom(file)) == [])
        #expect(bench.curator.route(of: file) == route)
        #expect(bench.answer(.pieces(file), from: origin) == .pieces(Bitfield(count: 4, full: true)))
    }
}
