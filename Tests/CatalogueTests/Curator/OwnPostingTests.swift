import Catalogue
import Primitives
import Testing

@Suite("What a publisher says of its own file")
struct OwnPostingTests {
    let own = Sample.node(1)
    let strangers = (50..<70).map { Sample.node($0) }
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(1))
    var file: FileID { manifest.file }

    func posted(_ posting: Posting) -> Curator.Event {
        .posted(.believed(Manifest(posting: posting, pieces: manifest.pieces)), sha256: posting.sha256)
    }

    /// What is to be signed is signed.
    func sign(_ actions: [Curator.Action], _ bench: inout Bench) -> [Withdrawal] {
        let drafts = drafts(actions)
        for draft in drafts { bench.tell(.withdrawalSigned(.believed(draft))) }
        return drafts
    }

    @Test("is told to others no sooner than it is on disk")
    func unsaved() {
        let other = Sample.node(2)
        var bench = Bench(own: own, members: [Sample.facts(Sample.node(2))])
        for sequence in 1...2 as ClosedRange<UInt64> {
            let actions = bench.tell(posted(manifest.posting.altered(sequence: sequence)))
            guard case .persist([], then: let then)? = bench.ask(.lookUp(file), from: other).last,
                case .answer(_, .found)? = then.first
            else {
                Issue.record("it is told at once")
                return
            }
            let waiting = actions.flatMap { action -> [Curator.Action] in
                if case .persist(_, let then) = action { then } else { [] }
            }
            guard case .sign(let draft)? = waiting.last else {
                Issue.record("it is announced to nobody")
                return
            }
            bench.tell(.signed(.believed(draft)))
            guard case .found(let postings, _, _)? = bench.answer(.lookUp(file), from: other) else {
                Issue.record("it is told, once it is on disk")
                return
            }
            #expect(postings.map(\.sequence) == [sequence])
        }
    }

    @Test("replaces what it said for longer, and is taken back for as long as the longest", arguments: [false, true])
    func shortened(isEnding: Bool) throws {
        var bench = Bench(own: own, members: [])
        let long = isEnding ? Sample.wall + .seconds(100 * 86_400) : nil
        let first = manifest.posting.altered(expires: long)
        let brief = first.altered(expires: Sample.wall + .seconds(86_400), sequence: 2)
        #expect(sign(bench.tell(posted(first)), &bench).isEmpty)
        let replaced = sign(bench.tell(posted(brief)), &bench)
        let until = long.map { $0 + Withdrawal.afterlife }
        #expect(replaced.map(\.sequence) == [1] && replaced.map(\.keptUntil) == [until])
        #expect(bench.curator.route(of: file)?.posting == brief)
        let taken = sign(bench.tell(.withdraw(file)), &bench)
        #expect(taken.map(\.sequence) == [2] && taken.map(\.keptUntil) == [until])
        bench.want(file, .unknown)
        #expect(bench.curator.ending(of: file) == .withdrawn)
        // Longer again: nothing more is to be taken back.
        #expect(sign(bench.tell(posted(brief.altered(expires: long, sequence: 3))), &bench).isEmpty)
    }

    @Test("is taken back after a crash before that was signed, and for as long as the longest", arguments: 0...2)
    func owed(signed: Int) {
        var bench = Bench(own: own, members: [])
        let day = Duration.seconds(86_400)
        let postings = [
            manifest.posting.altered(expires: Sample.wall + day * 100),
            manifest.posting.altered(expires: Sample.wall + day * 10, sequence: 2),
            manifest.posting.altered(expires: Sample.wall + day, sequence: 3),
        ]
        var disk: [HoldingRecord] = []
        var drafts: [Withdrawal] = []
        for posting in postings {
            let actions = bench.tell(posted(posting))
            // What is owed is durable with the posting that makes it so, or it is lost.
            let writes = actions.compactMap { if case .persist(let records, _) = $0 { records } else { nil } }
            #expect(writes.first?.count == (posting.sequence == 1 ? 1 : 2))
            disk += actions.records
            drafts += self.drafts(actions)
        }
        let until = Sample.wall + day * 100 + Withdrawal.afterlife
        #expect(drafts.map(\.sequence) == [1, 2] && drafts.map(\.keptUntil) == [until, until])
        for draft in drafts.prefix(signed) { disk += bench.tell(.withdrawalSigned(.believed(draft))).records }

        let left = Self.restored(disk)
        let last = signed < 2 ? [drafts[1]] : []
        #expect(left.holdings.map(\.manifest.value.posting) == [postings[2]])
        #expect(left.owed == last)
        bench = Bench(own: own, holdings: left.holdings, withdrawals: left.withdrawals, owed: left.owed)
        let started = bench.tell(.start(Sample.wall + day / 2))
        #expect(self.drafts(started) == last)
        disk += started.records
        for draft in last { disk += bench.tell(.withdrawalSigned(.believed(draft))).records }
        #expect(bench.curator.withdrawn.map(\.value) == [drafts[1]])
        #expect(bench.curator.isPosted(here: file))
        #expect(Self.restored(disk).owed.isEmpty)
    }

    @Test("is not taken back any more once it has ended of itself")
    func overdue() {
        let draft = manifest.posting.altered(expires: Sample.wall).withdrawal
        var bench = Bench(own: own, owed: [draft])
        let started = bench.tell(.start(Sample.wall + Withdrawal.afterlife))
        #expect(drafts(started).isEmpty)
        #expect(started.records == [.withdrawalSettled(file)])
    }

    func drafts(_ actions: [Curator.Action]) -> [Withdrawal] {
        actions.compactMap { if case .signWithdrawal(let draft) = $0 { draft } else { nil } }
    }

    /// What is on disk after these.
    static func restored(
        _ records: [HoldingRecord]
    ) -> (holdings: [Holding], withdrawals: [RememberedWithdrawal], owed: [Withdrawal]) {
        var (holding, withdrawal, owed): (Holding?, RememberedWithdrawal?, Withdrawal?)
        for record in records {
            switch record {
            case .holding(let new): holding = new
            case .withdrawal(let new): withdrawal = new
            case .withdrawalOwed(let new): owed = new
            case .withdrawalSettled: owed = nil
            case .removed: holding = nil
            case .pieces, .complete, .withdrawalForgotten, .denial, .denialLifted: break
            }
        }
        return ([holding].compactMap { $0 }, [withdrawal].compactMap { $0 }, [owed].compactMap { $0 })
    }

    @Test("outlives the crowd of those who say that it is theirs too, and is taken back in spite of them")
    func crowd() {
        var limits = Curator.Limits()
        limits.withdrawalsPerFile = 4
        var bench = Bench(own: own, members: strangers.map { Sample.facts($0) }, limits: limits)
        for stranger in strangers.prefix(8) {
            bench.ask(.announce([], [manifest.posting.altered(by: stranger)]), from: stranger)
        }
        bench.tell(posted(manifest.posting))
        #expect(bench.curator.isPosted(here: file))
        #expect(bench.curator.route(of: file)?.posting == manifest.posting)
        for stranger in strangers.prefix(8) {
            bench.ask(.announce([], [], [manifest.posting.altered(by: stranger).withdrawal]), from: stranger)
        }
        #expect(bench.curator.isPosted(here: file))
        #expect(sign(bench.tell(.withdraw(file)), &bench).count == 1)
        #expect(!bench.curator.isPosted(here: file))
        #expect(bench.curator.withdrawn.contains { $0.value.publisher == own })
        #expect(bench.curator.route(of: file) == nil)
    }

    @Test("a tracker remembers before the word of others who do not have the file")
    func tracked() {
        var bench = Bench(own: own, members: strangers.map { Sample.facts($0) })
        let foreign = manifest.posting.altered(by: strangers[0])
        for stranger in strangers[1...8] {
            bench.ask(.announce([], [foreign.altered(by: stranger)]), from: stranger)
        }
        let complete = Announcement(file: file, holder: strangers[0], version: 1, state: .complete)
        bench.ask(.announce([complete], [foreign]), from: strangers[0])
        guard case .found(let postings, _, _)? = bench.answer(.lookUp(file), from: strangers[9]) else {
            Issue.record("the file is not known")
            return
        }
        #expect(postings.count == 8 && postings.contains(foreign))
    }

    @Test("again and again reaches its holders now and then only, and the last of it in the end")
    func repeated() throws {
        let members = strangers.prefix(3).map { Sample.facts($0) }
        let publisher = strangers[0]
        for seed in 1...40 as ClosedRange<UInt64> {
            var bench = Bench(own: own, members: members)
            let other = Sample.manifest(length: .kibibytes(64), publisher: publisher, replicas: 0, seed: seed)
            guard bench.curator.trackers(of: other.file).first == own else { continue }
            let holders = strangers.prefix(3).map {
                Announcement(file: other.file, holder: $0, version: 1, state: .complete)
            }
            var told: [UInt64] = []
            func settle(_ actions: [Curator.Action], _ bench: inout Bench) {
                var waiting = actions.calls
                while let call = waiting.popLast() {
                    if case .announce(_, let postings, _) = call.request, call.to == strangers[1] {
                        told += postings.map(\.sequence)
                    }
                    waiting += bench.tell(.answered(call.id, .believed(.noted))).calls
                }
            }
            settle(bench.ask(.announce(holders, [other.posting]), from: publisher), &bench)
            told = []
            for sequence in 2...51 as ClosedRange<UInt64> {
                settle(bench.ask(.announce([], [other.posting.altered(sequence: sequence)]), from: publisher), &bench)
                settle(bench.wait(.milliseconds(100)), &bench)
            }
            settle(bench.wait(.seconds(20)), &bench)
            #expect(told == [2, 51], "seed \(seed)")
            return
        }
        Issue.record("this node is the first tracker of some file")
    }

    @Test("who leaves looks at some files at a time, and at all before it goes")
    func leaving() {
        var limits = Curator.Limits()
        limits.files = 1000
        let members = strangers.map { Sample.facts($0) }
        var bench = Bench(own: own, members: members, limits: limits)
        let files = (1...200 as ClosedRange<UInt64>).map {
            Sample.manifest(length: .kibibytes(1), publisher: own, replicas: 0, seed: $0)
        }
        for manifest in files { bench.tell(.posted(.believed(manifest), sha256: manifest.posting.sha256)) }
        bench.tell(.leave(by: bench.now + .seconds(600)))
        var left: [Int] = []
        for _ in 0..<4 {
            left.append(bench.curator.handover?.left ?? 0)
            bench.wait(.milliseconds(200))
        }
        #expect(left == [136, 72, 8, 0])
    }
}
