import Catalogue
import Primitives
import Testing

/// Withdrawals outlive a restart, postings do not: what a node says then of a file that one of its publishers took
/// back.
@Suite("After a restart a node that remembers a withdrawal")
struct ForgottenTests {
    let own = Sample.node(1)
    let publisher = Sample.node(50)
    let second = Sample.node(51)
    let old = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50))
    var file: FileID { old.file }
    /// The other publisher's posting.
    var other: Posting { old.posting.altered(by: second) }
    var members: [MemberFacts] { [publisher, second].map { Sample.facts($0) } }
    var held: Holding {
        Holding(
            manifest: .believed(old), pieces: Bitfield(count: old.pieces.count, full: true),
            sha256: old.posting.sha256, isOwn: false)
    }

    /// Answers questions of a kind, one after the other, until there are none.
    func answer(
        _ actions: [Curator.Action], _ bench: inout Bench, with answers: [CatalogueAnswer?]
    ) -> [Curator.Action] {
        var actions = actions
        for answer in answers {
            guard let call = actions.calls.last else { return actions }
            actions = bench.tell(
                answer.map { .answered(call.id, .believed($0)) } ?? .failed(call.id, .timedOut))
        }
        return actions
    }

    var taken: CatalogueAnswer { .withdrawn([old.posting.withdrawal]) }

    @Test("asks the other trackers before it tells clients that the file is gone", arguments: [0, 1])
    func clients(position: Int) {
        let complete = Announcement(file: file, holder: second, version: 1, state: .complete)
        let found = CatalogueAnswer.found([other], [complete], [old.posting.withdrawal])
        var bench = Bench(own: own, members: members, withdrawals: [old.posting.withdrawal.remembered])
        let asked = bench.tell(.wanted(file))
        #expect(bench.curator.ending(of: file) == nil)
        let answers = position == 0 ? [found] : [taken, found]
        let told = answer(asked, &bench, with: answers)
        #expect(told.contains(.resolved(file, .settled)))
        #expect(bench.curator.route(of: file)?.posting == other)
    }

    @Test("says that it is gone when no tracker knows of another publisher", arguments: [0, 1])
    func gone(kind: Int) {
        var bench = Bench(own: own, members: members, withdrawals: [old.posting.withdrawal.remembered])
        let last = kind == 0 ? taken : CatalogueAnswer.unknown
        let told = answer(bench.tell(.wanted(file)), &bench, with: [taken, last])
        #expect(told.contains(.resolved(file, .settled)))
        #expect(bench.curator.ending(of: file) == .withdrawn)
    }

    @Test("says nothing while a tracker that is there is silent, three times")
    func silence() {
        var bench = Bench(own: own, members: members, withdrawals: [old.posting.withdrawal.remembered])
        for round in 0..<4 {
            let told = answer(bench.tell(.wanted(file)), &bench, with: [taken, nil])
            let isPostponed = told.contains { if case .resolved(file, .postponed) = $0 { true } else { false } }
            #expect(isPostponed == (round < 3))
            #expect(bench.curator.ending(of: file) == (round < 3 ? nil : .withdrawn))
            bench.wait(.seconds(30))
        }
    }

    @Test("does not keep what others may offer from who asks")
    func lookedUp() throws {
        var bench = Bench(own: own, members: members, withdrawals: [old.posting.withdrawal.remembered])
        let complete = Announcement(file: file, holder: second, version: 1, state: .complete)
        _ = answer(bench.tell(.wanted(file)), &bench, with: [.found([other], [complete], [])])
        #expect(bench.curator.route(of: file)?.posting == other)
        #expect(bench.answer(.lookUp(file), from: second) == .unknown)
    }

    /// A holder that comes back and asks.
    func returned() -> (bench: Bench, actions: [Curator.Action]) {
        var bench = Bench(own: own, holdings: [held])
        for facts in members { bench.tell(.member(facts)) }
        let actions = bench.tell(.start(Sample.wall))
        return (bench, actions)
    }

    func confirmed(_ postings: [Posting], isKnown: Bool) -> CatalogueAnswer {
        .confirmed(postings, [old.posting.withdrawal], unknown: isKnown ? [] : [file])
    }

    @Test("lets a holder ask on, which keeps the file for the other publisher", arguments: [0, 1])
    func holder(position: Int) {
        var (bench, actions) = returned()
        let answers = [confirmed([], isKnown: position == 1), confirmed([other], isKnown: true)]
        actions = answer(actions, &bench, with: answers)
        #expect(!actions.records.contains(.removed(file)))
        #expect(bench.curator.route(of: file)?.own == .complete)
        #expect(bench.curator.route(of: file)?.posting == other)
    }

    @Test("and a holder that finds no other publisher gives the file up, but not while a tracker is silent")
    func givenUp() {
        var (bench, actions) = returned()
        let told = answer(actions, &bench, with: [confirmed([], isKnown: false), confirmed([], isKnown: false)])
        #expect(told.records.contains(.removed(file)))
        #expect(!bench.curator.holds(file))
        (bench, actions) = returned()
        _ = answer(actions, &bench, with: [confirmed([], isKnown: false), nil])
        #expect(bench.curator.holds(file))
        #expect(bench.curator.route(of: file) == nil)
        // After the first pause, and before the second tracker is asked beside the first.
        let settings = Curator.Settings()
        let again = bench.wait(settings.firstPause + settings.hedgeDelay / 2)
        _ = answer(again, &bench, with: [confirmed([], isKnown: false), confirmed([other], isKnown: true)])
        #expect(bench.curator.route(of: file)?.posting == other)
        // For ever nobody waits.
        (bench, actions) = returned()
        while bench.curator.holds(file), bench.now < .zero + .seconds(3600) {
            _ = answer(actions, &bench, with: [confirmed([], isKnown: false), nil])
            #expect(bench.curator.route(of: file) == nil)
            actions = bench.wait(.seconds(1))
        }
        #expect(!bench.curator.holds(file))
        #expect(bench.now >= .zero + .seconds(600))
    }

    @Test("tells what is still offered together with what is not, in one message")
    func together() {
        var bench = Bench(own: own, members: members, holdings: [held])
        bench.wait(.seconds(1200))
        #expect(bench.curator.route(of: file)?.own == .complete)
        let told = bench.ask(.announce([], [other], [old.posting.withdrawal]), from: second)
        #expect(!told.records.contains(.removed(file)))
        #expect(bench.curator.route(of: file)?.posting == other)
    }

    @Test("keeps its copy for who offers it anew, whoever took back what", arguments: [0, 1])
    func anew(who: Int) {
        var bench = Bench(own: own, members: members, holdings: [held])
        bench.wait(.seconds(1200))
        #expect(bench.curator.route(of: file)?.own == .complete)
        // The other publisher took its file back as well, and has posted it again; or its own has.
        let standing = who == 0 ? old.posting.altered(by: second, sequence: 2) : old.posting.altered(sequence: 2)
        let told = bench.ask(.announce([], [standing], [old.posting.withdrawal, other.withdrawal]), from: second)
        #expect(!told.records.contains(.removed(file)))
        #expect(bench.curator.route(of: file)?.own == .complete)
        #expect(bench.curator.route(of: file)?.posting == standing)
        // What is void is not taken, in whatever company it comes.
        bench.ask(.announce([], [standing], [standing.withdrawal]), from: second)
        #expect(!bench.curator.holds(file) && bench.curator.route(of: file) == nil)
    }

    @Test("keeps what it has of a file it still fetches when a tracker says who else offers it")
    func fetching() throws {
        var bench = Bench(own: own, members: members + [Sample.facts(Sample.node(52))])
        let complete = Announcement(file: file, holder: publisher, version: 1, state: .complete)
        bench.ask(.announce([complete], [old.posting]), from: publisher)
        let offer = Offer(posting: old.posting, holders: [publisher], group: [own])
        let asked = bench.ask(.offer(offer), from: second)
        let question = try #require(asked.calls.first { $0.request == .manifest(file) })
        bench.tell(.answered(question.id, .believed(.manifest(old))))
        let fetches = bench.tell(.prepared(file)).compactMap { action -> FetchID? in
            if case .fetch(let id, file, _, publisher) = action { id } else { nil }
        }
        #expect(bench.curator.holds(file) && !fetches.isEmpty)
        // Its holder is gone, so that the trackers are asked for others.
        bench.tell(.member(Sample.facts(publisher, isAlive: false)))
        var actions: [Curator.Action] = []
        for fetch in fetches { actions += bench.tell(.fetchEnded(fetch, .failed)) }
        while !actions.calls.contains(where: { $0.request == .lookUp(file) }), bench.now < .zero + .seconds(300) {
            actions = bench.wait(.seconds(1))
        }
        let lookUp = try #require(actions.calls.first { $0.request == .lookUp(file) })
        let source = Announcement(file: file, holder: second, version: 1, state: .complete)
        let told = bench.tell(
            .answered(lookUp.id, .believed(.found([old.posting, other], [source], [old.posting.withdrawal]))))
        #expect(!told.records.contains(.removed(file)))
        #expect(bench.curator.holds(file) && bench.curator.route(of: file)?.posting == other)
    }

    @Test("A tracker that itself asks whether a file is offered vouches for it to nobody")
    func waiting() {
        var (bench, _) = returned()
        #expect(bench.answer(.confirm([file]), from: second) == .confirmed([], [], unknown: [file]))
        #expect(bench.answer(.lookUp(file), from: second) == .declined(.busy))
        #expect(bench.answer(.pieces(file), from: second) == .unknown)
    }
}
