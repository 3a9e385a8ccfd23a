import Catalogue
import Primitives
import Testing

@Suite("Old statements said again")
struct ReplayTests {
    let own = Sample.node(1)
    let publisher = Sample.node(50)
    let other = Sample.node(51)
    let old = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50), sequence: 1)
    var file: FileID { old.file }
    var newer: Posting { old.posting.altered(replicas: 5, sequence: 2) }

    var members: [MemberFacts] { [publisher, other].map { Sample.facts($0) } }

    func complete(_ holder: NodeID) -> Announcement {
        Announcement(file: file, holder: holder, version: 1, state: .complete)
    }

    /// What is on the disk of a member that holds the file under this posting.
    func holding(_ posting: Posting) -> Holding {
        Holding(
            manifest: .believed(Manifest(posting: posting, pieces: old.pieces)),
            pieces: Bitfield(count: old.pieces.count, full: true), sha256: posting.sha256, isOwn: false)
    }

    func offer(_ posting: Posting) -> CatalogueRequest {
        .offer(Offer(posting: posting, holders: [publisher], group: [own]))
    }

    /// Every way in which a posting reaches a node that is no holder, and a holder that comes back.
    func replay(_ posting: Posting, to bench: inout Bench) {
        bench.ask(.announce([complete(publisher)], [posting]), from: publisher)
        for call in bench.ask(offer(posting), from: other).calls where call.request == .manifest(file) {
            bench.tell(.answered(call.id, .believed(.manifest(Manifest(posting: posting, pieces: old.pieces)))))
        }
        bench.want(file, .found([posting], [complete(publisher)]))
    }

    @Test(
        "by a publisher that took the file back count for nothing, not even after a restart", arguments: [false, true])
    func afterWithdrawal(isRestarted: Bool) {
        var bench = Bench(own: own, members: members)
        bench.ask(.announce([complete(publisher)], [newer]), from: publisher)
        #expect(bench.curator.route(of: file)?.posting == newer)
        bench.ask(.announce([], [], [newer.withdrawal]), from: publisher)
        bench.want(file, .unknown)
        #expect(bench.curator.ending(of: file) == .withdrawn)
        if isRestarted {
            bench = Bench(own: own, members: members, withdrawals: bench.curator.withdrawn.map(\.value.remembered))
        }
        for posting in [old.posting, newer] {
            #expect(bench.answer(offer(posting), from: other) == .declined(.policy))
            replay(posting, to: &bench)
            #expect(bench.curator.route(of: file) == nil)
            #expect(!bench.curator.holds(file))
            #expect(bench.answer(.lookUp(file), from: other) == .withdrawn([newer.withdrawal]))
            #expect(
                bench.answer(.confirm([file]), from: other) == .confirmed([], [newer.withdrawal], unknown: [file]))
        }
        // Posted anew it is another matter.
        let again = newer.altered(sequence: 3)
        bench.ask(.announce([complete(publisher)], [again]), from: publisher)
        #expect(bench.curator.route(of: file)?.posting == again)
        // And taken back again by what was said before it was: no.
        for withdrawal in [newer.withdrawal, old.posting.withdrawal] {
            bench.ask(.announce([], [], [withdrawal]), from: other)
            #expect(bench.curator.route(of: file)?.posting == again)
        }
    }

    @Test("do not replace what the publisher said later")
    func afterNewer() {
        var bench = Bench(own: own, members: members)
        bench.ask(.announce([complete(publisher)], [newer]), from: publisher)
        replay(old.posting, to: &bench)
        #expect(bench.curator.route(of: file)?.posting == newer)
        guard case .found([newer], _, [])? = bench.answer(.lookUp(file), from: other) else {
            Issue.record("the older posting is told")
            return
        }
        // A withdrawal of the older one alone changes nothing either.
        bench.ask(.announce([], [], [old.posting.withdrawal]), from: other)
        #expect(bench.curator.route(of: file)?.posting == newer)
    }

    @Test("in a manifest do not become what the file is held under")
    func manifest() throws {
        var bench = Bench(own: own, members: members)
        let asked = bench.ask(offer(newer), from: other)
        let call = try #require(asked.calls.first { $0.request == .manifest(file) })
        let actions = bench.tell(.answered(call.id, .believed(.manifest(old))))
        let held = actions.records.compactMap { if case .holding(let holding) = $0 { holding } else { nil } }
        #expect(held.map(\.manifest.value.posting) == [newer])
    }

    @Test("in a manifest are not taken when they were withdrawn, and what is being fetched is given up")
    func withdrawnManifest() throws {
        var bench = Bench(own: own, members: members)
        let asked = bench.ask(offer(newer), from: other)
        let call = try #require(asked.calls.first { $0.request == .manifest(file) })
        bench.ask(.announce([], [], [old.posting.withdrawal]), from: other)
        let actions = bench.tell(.answered(call.id, .believed(.manifest(old))))
        #expect(actions.records.isEmpty)
        #expect(!bench.curator.holds(file))
        bench.ask(.announce([], [], [newer.withdrawal]), from: other)
        #expect(bench.answer(.pieces(file), from: other) == .unknown)
        var calls = bench.tell(.wanted(file)).calls
        while let call = calls.popLast() { calls += bench.tell(.answered(call.id, .believed(.unknown))).calls }
        #expect(bench.curator.ending(of: file) == .withdrawn)
    }

    @Test("find nobody served by a holder that has not started yet")
    func early() throws {
        var bench = Bench(own: own, holdings: [holding(old.posting)])
        #expect(bench.tell(.wanted(file)).isEmpty)
        let unknown = FileID(Bytes32(1, 2, 3, 4))
        #expect(bench.tell(.wanted(unknown)).isEmpty)
        #expect(bench.answer(.lookUp(file), from: other) == .declined(.busy))
        #expect(bench.answer(.pieces(file), from: other) == .unknown)
        #expect(bench.curator.route(of: file) == nil)
        for facts in members { bench.tell(.member(facts)) }
        var actions = bench.tell(.start(Sample.wall))
        #expect(!actions.contains { if case .resolved = $0 { true } else { false } })
        #expect(actions.calls.contains { $0.request == .lookUp(unknown) })
        let call = try #require(actions.calls.first { $0.request == .confirm([file]) })
        actions = bench.tell(.answered(call.id, .believed(.confirmed([], [], unknown: []))))
        #expect(actions.contains(.resolved(file, .settled)))
        #expect(bench.curator.route(of: file)?.own == .complete)
    }

    /// A holder that comes back, and what it asks.
    func returned(_ posting: Posting, withdrawals: [Withdrawal] = []) -> (bench: Bench, actions: [Curator.Action]) {
        var bench = Bench(own: own, holdings: [holding(posting)], withdrawals: withdrawals.map(\.remembered))
        for facts in members { bench.tell(.member(facts)) }
        bench.tell(.capacity(replication: .gigabytes(4), freeDisk: .gigabytes(4)))
        let actions = bench.tell(.start(Sample.wall))
        return (bench, actions)
    }

    @Test("by a tracker that is asked do not keep a holder that comes back from giving the file up")
    func confirmed() throws {
        var (bench, actions) = returned(old.posting)
        let call = try #require(actions.calls.first { $0.request == .confirm([file]) })
        #expect(bench.curator.route(of: file) == nil)
        let answer = CatalogueAnswer.confirmed([old.posting], [old.posting.withdrawal], unknown: [])
        actions = bench.tell(.answered(call.id, .believed(answer)))
        // Another tracker may know who else offers it.
        #expect(bench.curator.holds(file))
        let next = try #require(actions.calls.first { $0.request == .confirm([file]) })
        actions = bench.tell(.answered(next.id, .believed(answer)))
        #expect(actions.contains(.persist([.removed(file)], then: [.discard(file)])))
        #expect(bench.curator.route(of: file) == nil)
        // All that are there were asked: they are not asked once more for the first client.
        #expect(bench.curator.ending(of: file) == .withdrawn)
        replay(old.posting, to: &bench)
        #expect(bench.curator.route(of: file) == nil)
    }

    @Test("by one tracker do not end the wait of a client before the others were asked", arguments: [false, true])
    func waiting(isRecalled: Bool) throws {
        var (bench, actions) = returned(old.posting)
        var confirming = try #require(actions.calls.first { $0.request == .confirm([file]) })
        #expect(bench.tell(.wanted(file)).isEmpty)
        if isRecalled {
            // It hears of it before it was answered.
            actions = bench.ask(.announce([], [], [old.posting.withdrawal]), from: other)
            #expect(actions.records.contains(.removed(file)))
            #expect(!actions.contains { if case .resolved = $0 { true } else { false } })
            while let call = actions.calls.last(where: { $0.request == .lookUp(file) }) {
                actions = bench.tell(.answered(call.id, .believed(.withdrawn([old.posting.withdrawal]))))
            }
        } else {
            let answer = CatalogueAnswer.confirmed([], [old.posting.withdrawal], unknown: [file])
            for _ in members.dropFirst() {
                actions = bench.tell(.answered(confirming.id, .believed(answer)))
                #expect(!actions.contains { if case .resolved = $0 { true } else { false } })
                confirming = try #require(actions.calls.first { $0.request == .confirm([file]) })
            }
            actions = bench.tell(.answered(confirming.id, .believed(answer)))
        }
        let outcomes = actions.compactMap { if case .resolved(file, let outcome) = $0 { outcome } else { nil } }
        #expect(outcomes == [.settled])
        #expect(actions.contains(.routeEnding(file, .withdrawn)))
        #expect(bench.curator.ending(of: file) == .withdrawn)
        // What is told is believed for a while.
        #expect(bench.tell(.wanted(file)) == [.resolved(file, .settled)])
    }

    @Test("do not bring a file back that was withdrawn while its holder crashed")
    func restored() {
        var (bench, actions) = returned(old.posting, withdrawals: [old.posting.withdrawal])
        #expect(actions.contains(.persist([.removed(file)], then: [.discard(file)])))
        replay(old.posting, to: &bench)
        #expect(bench.curator.route(of: file) == nil)
        #expect(bench.curator.ending(of: file) == .withdrawn)
        // One that was withdrawn before it was posted anew stays.
        let (again, kept) = returned(newer, withdrawals: [old.posting.withdrawal])
        #expect(again.curator.holds(file))
        #expect(!kept.records.contains(.removed(file)))
    }

    @Test("and withdrawals by others than the publisher end nothing, neither for trackers nor for holders")
    func byOthers() throws {
        let forged = newer.altered(by: other, sequence: .max).withdrawal
        var bench = Bench(own: own, members: members)
        bench.ask(.announce([complete(publisher)], [newer]), from: publisher)
        bench.ask(.announce([], [], [forged]), from: other)
        #expect(bench.curator.route(of: file)?.posting == newer)
        guard case .found([newer], _, _)? = bench.answer(.lookUp(file), from: other) else {
            Issue.record("the file is not known any more")
            return
        }
        var (holder, actions) = returned(newer)
        let call = try #require(actions.calls.first { $0.request == .confirm([file]) })
        actions = holder.tell(.answered(call.id, .believed(.confirmed([newer], [forged], unknown: []))))
        #expect(holder.curator.route(of: file)?.own == .complete)
        // Nor does it when the tracker keeps the posting to itself.
        (holder, actions) = returned(newer)
        let next = try #require(actions.calls.first { $0.request == .confirm([file]) })
        holder.tell(.answered(next.id, .believed(.confirmed([], [forged], unknown: []))))
        #expect(holder.curator.route(of: file)?.own == .complete)
        let (kept, _) = returned(newer, withdrawals: [forged])
        #expect(kept.curator.holds(file))
    }

    @Test("A holder whose trackers never answer serves after ten minutes, when each was asked three times")
    func patience() {
        var (bench, actions) = returned(newer)
        let settings = Curator.Settings()
        #expect(settings.confirmationPatience == .seconds(600))
        var asked: [NodeID: Int] = [:]
        while bench.curator.route(of: file) == nil, bench.now < .zero + .seconds(3600) {
            for call in actions.calls {
                guard case .confirm = call.request else { continue }
                asked[call.to, default: 0] += 1
            }
            #expect(bench.answer(.pieces(file), from: other) == .unknown)
            actions = bench.wait(.seconds(1))
        }
        #expect(asked.keys.sorted() == [publisher, other].sorted())
        #expect(asked.values.allSatisfy { $0 >= 3 })
        #expect(bench.now >= .zero + .seconds(600))
        #expect(bench.now < .zero + .seconds(700))
        #expect(bench.curator.route(of: file)?.own == .complete)
        // A tracker that hears of it and remembers better is listened to.
        let told = bench.ask(.announce([], [], [newer.withdrawal]), from: publisher)
        #expect(told.records.contains(.removed(file)))
        bench.want(file, .unknown)
        #expect(bench.curator.ending(of: file) == .withdrawn)
    }

    @Test("A holder whose trackers never answer gives up what it hears was withdrawn")
    func impatience() {
        var (bench, _) = returned(newer)
        bench.wait(.seconds(300))
        bench.ask(.announce([], [], [newer.withdrawal]), from: publisher)
        bench.wait(.seconds(3600))
        #expect(!bench.curator.holds(file))
        #expect(bench.curator.route(of: file) == nil)
    }
}
