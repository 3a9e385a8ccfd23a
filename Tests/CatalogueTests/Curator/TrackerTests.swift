import Catalogue
import Primitives
import Testing

@Suite("A tracker")
struct TrackerTests {
    static let origin = Sample.node(50)
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin, replicas: 2)

    func announced(_ holder: NodeID, _ state: Announcement.State, version: UInt64 = 1) -> CatalogueRequest {
        .announce(
            [Announcement(file: manifest.file, holder: holder, version: version, state: state)], [manifest.posting])
    }

    /// The first tracker among ten members besides the publisher, and the others.
    func firstTracker(places: Bool = false) -> (bench: Bench, others: [NodeID]) {
        let order = ranked(0..<10, for: manifest)
        let members = (order + [Self.origin]).enumerated().map { index, id in
            Sample.facts(id, place: places ? Place(latitude: 0, longitude: Double(index * 30 - 170)) : nil)
        }
        return (Bench(own: order[0], members: members), Array(order.dropFirst()))
    }

    func offers(_ actions: [Curator.Action]) -> [NodeID] {
        actions.calls.filter { $0.request.name == "offer" }.map(\.to)
    }

    @Test("that is the first offers a new file to as many members as are wanted, as one group")
    func offersNewFiles() {
        var (bench, _) = firstTracker()
        let actions = bench.ask(announced(Self.origin, .complete), from: Self.origin)
        let requests = actions.calls.compactMap { call -> Offer? in
            if case .offer(let offer) = call.request { return offer }
            return nil
        }
        // It may have chosen itself for one of the two.
        #expect((1...2).contains(requests.count))
        #expect(requests.allSatisfy { $0.holders == [Self.origin] && $0.group.count == 2 })
        #expect(requests.allSatisfy { $0.group == requests[0].group && !$0.group.contains(Self.origin) })
        #expect(bench.ask(announced(Self.origin, .complete), from: Self.origin).calls.isEmpty, "asks once")
    }

    @Test("that is not the first leaves it to the first, tells it of a shortage, and acts when that is no use")
    func nudges() {
        let order = ranked(0..<10, for: manifest)
        var bench = Bench(own: order[1], members: (order + [Self.origin]).map { Sample.facts($0) })
        let actions = bench.ask(announced(Self.origin, .complete), from: Self.origin)
        #expect(actions.calls.isEmpty)
        let later = bench.wait(.seconds(20)).calls
        #expect(later.map(\.request) == [announced(Self.origin, .complete)])
        #expect(later.map(\.to) == [order[0]])
        #expect(!offers(bench.wait(.seconds(20))).isEmpty)
    }

    @Test("offers the file under the posting that finds somebody, whatever a greedier one wants")
    func greedyPostings() {
        var (bench, _) = firstTracker()
        let nobodys = Sample.manifest(
            length: .mebibytes(1), publisher: Sample.node(51), replicas: 255, audience: .named([Self.origin]))
        #expect(nobodys.file == manifest.file)
        _ = bench.ask(.announce([], [nobodys.posting]), from: Sample.node(51))
        let actions = bench.ask(announced(Self.origin, .complete), from: Self.origin)
        #expect(!offers(actions).isEmpty)
    }

    @Test("offers to another member when one declines, does not answer, or accepts and stays silent")
    func offersAgain() {
        var (bench, _) = firstTracker()
        var asked = bench.ask(announced(Self.origin, .complete), from: Self.origin).calls
            .filter { $0.request.name == "offer" }
        var seen = asked.map(\.to)
        let answers: [(Bench, CallID) -> Curator.Event] = [
            { _, id in .answered(id, .believed(.declined(.policy))) }, { _, id in .failed(id, .unreachable) },
        ]
        for answer in answers {
            let next = bench.tell(answer(bench, asked[0].id)).calls.filter { $0.request.name == "offer" }
            #expect(next.count == 1 && !seen.contains(next[0].to))
            asked = next
            seen += next.map(\.to)
        }
        // It may have accepted, and its answer was lost: it has time to say so.
        #expect(offers(bench.tell(.failed(asked[0].id, .timedOut))).isEmpty)
        asked = bench.wait(.seconds(16)).calls.filter { $0.request.name == "offer" }
        #expect(asked.count == 1 && !seen.contains(asked[0].to))
        seen += asked.map(\.to)
        bench.tell(.answered(asked[0].id, .believed(.accepted)))
        let replaced = offers(bench.wait(.seconds(31)))
        #expect(!replaced.isEmpty && !seen.contains(replaced[0]))
    }

    @Test(
        "asks a member again after a minute that takes it for no tracker yet, and after ten that will not",
        arguments: [
            (.notTracker, .seconds(60)), (.busy, .seconds(600)), (.policy, .seconds(600)), (.noDisk, .seconds(600)),
        ] as [(CatalogueAnswer.Refusal, Duration)])
    func rests(refusal: CatalogueAnswer.Refusal, rest: Duration) throws {
        let own = ranked(0..<2, for: manifest)[0]
        let other = ranked(0..<2, for: manifest)[1]
        let only = Sample.manifest(
            length: .mebibytes(1), publisher: Self.origin, replicas: 1, audience: .named([other, Self.origin]))
        var bench = Bench(own: own, members: [Sample.facts(other), Sample.facts(Self.origin)])
        let announcement = Announcement(file: only.file, holder: Self.origin, version: 1, state: .complete)
        let actions = bench.ask(.announce([announcement], [only.posting]), from: Self.origin)
        let call = try #require(actions.calls.first { $0.request.name == "offer" })
        #expect(offers(bench.tell(.answered(call.id, .believed(.declined(refusal))))).isEmpty)
        #expect(offers(bench.wait(rest - .seconds(1))).isEmpty)
        #expect(offers(bench.wait(.seconds(11))) == [other])
    }

    @Test("offers nobody a file that only who never proved its URL has, and offers it once that is proven")
    func offersWhatCanBeCopied() {
        var (bench, _) = firstTracker()
        bench.tell(.member(Sample.facts(Self.origin, isUnproven: true)))
        #expect(offers(bench.ask(announced(Self.origin, .complete), from: Self.origin)).isEmpty)
        #expect(offers(bench.wait(.seconds(3600))).isEmpty)
        let actions = bench.tell(.member(Sample.facts(Self.origin)))
        #expect(!offers(actions + bench.wait(.seconds(1))).isEmpty)
    }

    @Test("replaces copies that are stuck, but not when as many are as are wanted twice over")
    func stuck() {
        var (bench, _) = firstTracker()
        var filling: Set<NodeID> = []
        var actions = bench.ask(announced(Self.origin, .complete), from: Self.origin)
        for _ in 0..<1000 {
            let calls = actions.calls.filter { $0.request.name == "offer" }
            actions = []
            for call in calls {
                filling.insert(call.to)
                actions += bench.tell(.answered(call.id, .believed(.accepted)))
                actions += bench.ask(announced(call.to, .filling), from: call.to)
            }
            actions += bench.wait(.seconds(5))
        }
        // It may fill itself.
        #expect((3...4).contains(filling.count), "\(filling.count)")
    }

    @Test("asks only who is alive, vouched for, and has allowance and disk to spare")
    func choosesWell() {
        let order = ranked(0..<6, for: manifest)
        let only = Sample.manifest(
            length: .mebibytes(1), publisher: Self.origin, replicas: 5, audience: .named(Array(order[0..<5])))
        let own = ranked(0..<6, for: only)[0]
        let others = ranked(0..<6, for: only).dropFirst().map { $0 }
        let vouched = others.filter { order[0..<5].contains($0) }
        var facts = others.map { Sample.facts($0) } + [Sample.facts(Self.origin)]
        facts[others.firstIndex(of: vouched[0])!].isAlive = false
        facts[others.firstIndex(of: vouched[1])!].remaining = .kibibytes(512)
        facts[others.firstIndex(of: vouched[2])!].freeDisk = .kibibytes(512)
        var bench = Bench(own: own, members: facts)
        let announcement = Announcement(file: only.file, holder: Self.origin, version: 1, state: .complete)
        let actions = bench.ask(.announce([announcement], [only.posting]), from: Self.origin)
        let chosen = offers(actions)
        #expect(chosen.allSatisfy { vouched.dropFirst(3).contains($0) })
        #expect(chosen.count == vouched.dropFirst(3).count)
    }

    @Test("prefers members in regions far apart")
    func prefersRegions() throws {
        let order = ranked(0..<10, for: manifest)
        let berlin = Place(latitude: 52.5, longitude: 13.4)
        let far = [
            order[5]: Place(latitude: 35.7, longitude: 139.7), order[7]: Place(latitude: -33.9, longitude: 151.2),
        ]
        let members = (order + [Self.origin]).map { Sample.facts($0, place: far[$0] ?? berlin) }
        var bench = Bench(own: order[0], members: members)
        let chosen = offers(bench.ask(announced(Self.origin, .complete), from: Self.origin))
        #expect(Set(chosen) == Set(far.keys))
    }

    @Test("waits for the holders of an older file to speak up before it offers it")
    func settles() {
        let old = Sample.manifest(
            length: .mebibytes(1), publisher: Self.origin, replicas: 1,
            postedAt: WallTime(milliseconds: Sample.wall.milliseconds - 3_600_000))
        let order = ranked(0..<5, for: old)
        var bench = Bench(own: order[0], members: (order + [Self.origin]).map { Sample.facts($0) })
        let announcement = Announcement(file: old.file, holder: Self.origin, version: 1, state: .complete)
        #expect(offers(bench.ask(.announce([announcement], [old.posting]), from: Self.origin)).isEmpty)
        let replica = Announcement(file: old.file, holder: order[2], version: 1, state: .complete)
        bench.ask(.announce([replica], [old.posting]), from: order[2])
        #expect(offers(bench.wait(.seconds(60))).isEmpty)
    }

    @Test("that has just begun waits for the holders of a file posted before that, which it may have forgotten")
    func settlesAfterItsStart() {
        let recent = Sample.manifest(
            length: .mebibytes(1), publisher: Self.origin, replicas: 3,
            postedAt: WallTime(milliseconds: Sample.wall.milliseconds - 1000))
        let order = ranked(0..<5, for: recent)
        var bench = Bench(own: order[0], members: (order + [Self.origin]).map { Sample.facts($0) })
        let announcement = Announcement(file: recent.file, holder: Self.origin, version: 1, state: .complete)
        #expect(offers(bench.ask(.announce([announcement], [recent.posting]), from: Self.origin)).isEmpty)
        #expect(!offers(bench.wait(.seconds(11))).isEmpty)
    }

    @Test("that is none any more soon forgets the file, and asks when it is wanted again")
    func retires() {
        let order = ranked(0..<10, for: manifest)
        var members = (order + [Self.origin]).map { Sample.facts($0) }
        members[1].isAlive = false
        var bench = Bench(own: order[3], members: members)
        bench.ask(announced(Self.origin, .filling), from: Self.origin)
        bench.wait(.seconds(60))
        #expect(bench.curator.route(of: manifest.file) != nil)
        bench.tell(.member(Sample.facts(order[1])))
        let known = bench.answer(.lookUp(manifest.file), from: order[5])
        #expect(known != .unknown, "others may not see yet that it is none")
        #expect(bench.wait(.seconds(11)).contains(.unroute(manifest.file)))
        #expect(bench.answer(.lookUp(manifest.file), from: order[5]) == .unknown)
        #expect(bench.tell(.wanted(manifest.file)).calls.map(\.to) == [order[0]])
    }

    @Test("that is the first tells a holder that was out of reach all that is known")
    func relaysWhatWasMissed() {
        var (bench, others) = firstTracker()
        for holder in [Self.origin, others[0], others[5]] { bench.ask(announced(holder, .complete), from: holder) }
        bench.wait(.seconds(5))
        bench.tell(.member(Sample.facts(others[5], isAlive: false)))
        let back = bench.tell(.member(Sample.facts(others[5]))).calls.filter { $0.to == others[5] }
        guard case .announce(let announcements, _, _)? = back.first?.request else {
            Issue.record("it is told")
            return
        }
        #expect(Set(announcements.map(\.holder)).isSuperset(of: [Self.origin, others[0], others[5]]))
    }

    @Test("that is one again in time goes on as if nothing had been")
    func doesNotRetireTwice() {
        let order = ranked(0..<10, for: manifest)
        var members = (order + [Self.origin]).map { Sample.facts($0) }
        members[1].isAlive = false
        var bench = Bench(own: order[3], members: members)
        bench.ask(announced(Self.origin, .complete), from: Self.origin)
        bench.tell(.member(Sample.facts(order[1])))
        bench.wait(.seconds(5))
        bench.tell(.member(Sample.facts(order[1], isAlive: false)))
        bench.wait(.seconds(60))
        #expect(bench.answer(.lookUp(manifest.file), from: order[5]) != .unknown)
    }

    @Test("counts a filling replica while it may still get on, and then replaces it")
    func replacesTheStuck() {
        let (started, others) = firstTracker()
        var bench = started
        for holder in others.prefix(2) { bench.ask(announced(holder, .filling), from: holder) }
        bench.ask(announced(Self.origin, .complete), from: Self.origin)
        #expect(offers(bench.wait(.seconds(500))).isEmpty)
        let chosen = offers(bench.wait(.seconds(200)))
        #expect(!chosen.isEmpty && !chosen.contains(others[0]) && !chosen.contains(others[1]))
    }

    @Test("believes the later of two announcements, whatever order they come in")
    func ordersAnnouncements() {
        var (bench, others) = firstTracker()
        bench.ask(announced(Self.origin, .complete), from: Self.origin)
        bench.ask(announced(others[0], .complete, version: 3), from: others[0])
        bench.ask(announced(others[0], .gone, version: 2), from: others[1])
        guard case .found(_, let announcements, _)? = bench.answer(.lookUp(manifest.file), from: others[1]) else {
            Issue.record("not found")
            return
        }
        #expect(announcements.map(\.holder).contains(others[0]))
    }

    @Test("keeps the later of two postings of one publisher, and postings of several")
    func keepsPostings() {
        var (bench, others) = firstTracker()
        func posting(_ publisher: NodeID, _ sequence: UInt64) -> Posting {
            Sample.manifest(length: .mebibytes(1), publisher: publisher, replicas: 2, sequence: sequence).posting
        }
        for posting in [posting(Self.origin, 2), posting(Self.origin, 1), posting(others[1], 1)] {
            bench.ask(.announce([], [posting]), from: Self.origin)
        }
        // In the order in which their publishers were heard of.
        let expected = [posting(Self.origin, 2), posting(others[1], 1)]
        #expect(bench.answer(.lookUp(manifest.file), from: others[0]) == .found(expected, []))
    }

    @Test("says that it is busy when it tracks as many files as it may")
    func isBounded() {
        var limits = Curator.Limits()
        limits.files = 3
        var bench = Bench(own: Sample.node(1), members: [Sample.facts(Self.origin)], limits: limits)
        let answers = (UInt64(1)...5).map { seed in
            let manifest = Sample.manifest(length: .mebibytes(1), publisher: Self.origin, replicas: 0, seed: seed)
            return bench.answer(.announce([], [manifest.posting]), from: Self.origin)
        }
        #expect(answers == [.noted, .noted, .noted, .declined(.busy), .declined(.busy)])
    }

    @Test("takes no announcement of a file that nobody posted")
    func needsPosting() {
        var bench = Bench(own: Sample.node(1), members: [Sample.facts(Self.origin)])
        let announcement = Announcement(file: manifest.file, holder: Self.origin, version: 1, state: .complete)
        bench.ask(.announce([announcement], []), from: Self.origin)
        #expect(bench.answer(.lookUp(manifest.file), from: Self.origin) == .unknown)
    }
}

@Suite("A look-up")
struct LookUpTests {
    let origin = Sample.node(50)
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50), replicas: 0)

    var found: CatalogueAnswer {
        .found(
            [manifest.posting], [Announcement(file: manifest.file, holder: origin, version: 1, state: .complete)])
    }

    func bench(_ limits: Curator.Limits = Curator.Limits()) -> Bench {
        Bench(own: Sample.node(999), members: (0..<5).map { Sample.facts(Sample.node($0)) }, limits: limits)
    }

    @Test("asks the first tracker once for many who want the file, routes it, and remembers it for a while")
    func asksOnce() {
        var bench = bench()
        let calls = bench.tell(.wanted(manifest.file)).calls
        #expect(calls.map(\.request) == [.lookUp(manifest.file)])
        #expect(bench.tell(.wanted(manifest.file)).isEmpty)
        let route = FileRoute(
            posting: manifest.posting, holders: [FileRoute.Holder(id: origin, isComplete: true)], own: .none,
            sha256: nil)
        #expect(
            bench.tell(.answered(calls[0].id, .believed(found))) == [.route(route), .resolved(manifest.file, .settled)])
        #expect(bench.tell(.wanted(manifest.file)) == [.resolved(manifest.file, .settled)])
        #expect(bench.wait(.seconds(299)).isEmpty)
        #expect(bench.wait(.seconds(2)) == [.unroute(manifest.file)])
        #expect(bench.tell(.wanted(manifest.file)).calls.count == 1)
    }

    @Test("asks the next tracker when one does not know, fails or is slow, and tells the ignorant")
    func asksOn() {
        var bench = bench()
        let first = bench.tell(.wanted(manifest.file)).calls
        let second = bench.tell(.answered(first[0].id, .believed(.unknown))).calls
        #expect(second.map(\.request) == [.lookUp(manifest.file)])
        let third = bench.wait(.milliseconds(700)).calls
        #expect(third.map(\.request) == [.lookUp(manifest.file)])
        let end = bench.tell(.answered(third[0].id, .believed(found)))
        #expect(end.contains(.resolved(manifest.file, .settled)))
        #expect(end.calls.map(\.to) == [first[0].to])
        #expect(end.calls.first?.request.name == "announce")
    }

    @Test("that finds nothing is remembered for a short while")
    func remembersNothing() {
        var bench = bench()
        var calls = bench.tell(.wanted(manifest.file)).calls
        for _ in 0..<2 { calls = bench.tell(.answered(calls[0].id, .believed(.unknown))).calls }
        #expect(bench.tell(.failed(calls[0].id, .unreachable)) == [.resolved(manifest.file, .settled)])
        #expect(bench.tell(.wanted(manifest.file)) == [.resolved(manifest.file, .settled)])
        bench.wait(.seconds(6))
        #expect(bench.tell(.wanted(manifest.file)).calls.count == 1)
    }

    @Test("answers at once when nobody else is there, or too many are under way")
    func isBounded() {
        var alone = Bench(own: Sample.node(999), members: [])
        #expect(alone.tell(.wanted(manifest.file)) == [.resolved(manifest.file, .settled)])
        var limits = Curator.Limits()
        limits.lookUps = 2
        var busy = bench(limits)
        let files = (1...3).map { Sample.manifest(length: .mebibytes(1), publisher: origin, seed: $0).file }
        #expect(files.prefix(2).map { busy.tell(.wanted($0)).calls.count } == [1, 1])
        #expect(busy.tell(.wanted(files[2])) == [.resolved(files[2], .postponed(Curator.Settings().lookUpPause))])
    }

    @Test("takes no statements about other files")
    func ignoresOthers() {
        var bench = bench()
        let other = Sample.manifest(length: .mebibytes(1), publisher: origin, seed: 2)
        let calls = bench.tell(.wanted(manifest.file)).calls
        let next = bench.tell(.answered(calls[0].id, .believed(.found([other.posting], [])))).calls
        #expect(next.map(\.request) == [.lookUp(manifest.file)])
        #expect(bench.answer(.lookUp(other.file), from: origin) == .unknown)
    }

    @Test("forgets the one that expires first when it knows too many")
    func forgetsStalest() {
        var limits = Curator.Limits()
        limits.cached = 2
        var bench = bench(limits)
        for seed in UInt64(1)...3 {
            let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin, replicas: 0, seed: seed)
            let calls = bench.tell(.wanted(manifest.file)).calls
            let actions = bench.tell(.answered(calls[0].id, .believed(.found([manifest.posting], []))))
            let forgotten = actions.filter { if case .unroute = $0 { true } else { false } }
            #expect(forgotten.count == (seed == 3 ? 1 : 0))
            bench.wait(.seconds(1))
        }
    }
}
