import Catalogue
import Primitives
import Testing

/// A member with a disk of its own, to which another offers files.
private struct Shelf {
    static let own = Sample.node(1)
    static let tracker = Sample.node(2)

    let disk: ByteCount
    var bench: Bench

    init(disk: ByteCount, percent: Int64 = Policy.publisherPercentDefault, holdings: [Holding] = []) {
        self.disk = disk
        let policy = Policy(publisherPercent: percent)
        bench = Bench(own: Self.own, members: [Sample.facts(Self.tracker)], holdings: holdings, policy: policy)
        measure()
    }

    /// The machine looks how much of its disk is free.
    mutating func measure() {
        let free = disk - bench.curator.heldForOthers
        bench.tell(.capacity(replication: .gigabytes(900), freeDisk: max(.zero, free)))
    }

    mutating func offer(_ manifest: Manifest) -> (answer: CatalogueAnswer?, question: CallID?) {
        let offer = Offer(posting: manifest.posting, holders: [Self.tracker], group: [Self.own])
        let actions = bench.ask(.offer(offer), from: Self.tracker)
        var answer: CatalogueAnswer?
        for case .answer(_, let given) in actions { answer = given }
        return (answer, actions.calls.first { $0.request == .manifest(manifest.file) }?.id)
    }

    /// Offered, and if it is accepted, fetched to the end.
    mutating func take(_ manifest: Manifest) -> CatalogueAnswer? {
        let (answer, question) = offer(manifest)
        if let question { fetch(manifest, question) }
        return answer
    }

    mutating func fetch(_ manifest: Manifest, _ question: CallID) {
        bench.tell(.answered(question, .believed(.manifest(manifest))))
        var fetches = bench.tell(.prepared(manifest.file)).fetches
        while let (fetch, pieces) = fetches.popLast() {
            bench.tell(.stored(fetch, pieces))
            fetches += bench.tell(.fetchEnded(fetch, .finished)).fetches
        }
        bench.tell(.completed(manifest.file, sha256: manifest.posting.sha256))
    }

    mutating func withdraw(_ manifest: Manifest) {
        bench.ask(.announce([], [], [manifest.posting.withdrawal]), from: Self.tracker)
    }
}

extension [Curator.Action] {
    fileprivate func offers(of file: FileID) -> [NodeID] {
        calls.compactMap { call in
            if case .offer(let offer) = call.request, offer.posting.file == file { call.to } else { nil }
        }
    }

    fileprivate var fetches: [(FetchID, Range<Int>)] {
        compactMap { action in
            if case .fetch(let id, _, let pieces, _) = action { return (id, pieces) }
            return nil
        }
    }
}

@Suite("One publisher's share of another's disk")
struct PublisherShareTests {
    let publisher = Sample.node(50)
    let other = Sample.node(51)

    func manifest(_ megabytes: Int64, _ seed: UInt64, by publisher: NodeID? = nil) -> Manifest {
        Sample.manifest(length: .megabytes(megabytes), publisher: publisher ?? self.publisher, seed: seed)
    }

    @Test("is a tenth: what goes beyond is declined, what still fits is not, and others have their own")
    func aTenth() {
        var shelf = Shelf(disk: .gigabytes(1))
        #expect(shelf.take(manifest(60, 1)) == .accepted)
        #expect(shelf.take(manifest(41, 2)) == .declined(.publisherShare))
        #expect(shelf.take(manifest(40, 3)) == .accepted)
        #expect(shelf.take(manifest(1, 4)) == .declined(.publisherShare))
        #expect(shelf.take(manifest(100, 5, by: other)) == .accepted)
        #expect(shelf.take(manifest(1, 6, by: other)) == .declined(.publisherShare))
        #expect(shelf.bench.curator.heldForOthers == .megabytes(200))
    }

    @Test("is of the whole disk for others, however much of it is taken by now")
    func ofTheWhole() {
        var shelf = Shelf(disk: .gigabytes(1))
        for number in UInt64(0)..<9 {
            #expect(shelf.take(manifest(100, 10 + number, by: Sample.node(60 + number))) == .accepted)
            shelf.measure()
        }
        #expect(shelf.take(manifest(50, 1)) == .accepted)
        shelf.measure()
        #expect(shelf.take(manifest(50, 2)) == .accepted)
        shelf.measure()
        #expect(shelf.take(manifest(1, 3)) == .declined(.noDisk))
    }

    @Test("does not grow by what was taken since the disk was looked at")
    func betweenMeasurements() {
        var shelf = Shelf(disk: .gigabytes(1))
        for number in UInt64(0)..<8 {
            #expect(shelf.take(manifest(100, 10 + number, by: Sample.node(60 + number))) == .accepted)
        }
        #expect(shelf.take(manifest(60, 1)) == .accepted)
        #expect(shelf.take(manifest(41, 2)) == .declined(.publisherShare))
    }

    @Test("may be passed by one file, if nothing else of the publisher is here")
    func oneLargeFile() {
        var shelf = Shelf(disk: .gigabytes(1))
        let large = manifest(700, 1)
        #expect(shelf.take(large) == .accepted)
        shelf.measure()
        #expect(shelf.take(manifest(1, 2)) == .declined(.publisherShare))
        #expect(shelf.take(manifest(1, 3, by: other)) == .accepted)
        #expect(shelf.take(manifest(200, 4, by: other)) == .declined(.publisherShare))
        shelf.withdraw(large)
        shelf.measure()
        #expect(shelf.take(manifest(1, 2)) == .accepted)
        #expect(shelf.take(manifest(700, 5)) == .declined(.publisherShare))
    }

    @Test("counts what was agreed to and is not described yet, until that is given up")
    func promised() {
        var shelf = Shelf(disk: .gigabytes(1))
        #expect(shelf.offer(manifest(99, 1)).answer == .accepted)
        #expect(shelf.offer(manifest(2, 2)).answer == .declined(.publisherShare))
        #expect(shelf.offer(manifest(1, 3)).answer == .accepted)
        // Nobody ever says what they consist of.
        shelf.bench.wait(.seconds(120))
        #expect(shelf.offer(manifest(100, 4)).answer == .accepted)
        shelf.bench.wait(.seconds(120))
        #expect(shelf.offer(manifest(300, 5)).answer == .accepted)
        #expect(shelf.offer(manifest(1, 6)).answer == .declined(.publisherShare))
    }

    @Test("is told of to the operator when it is reached, and again after there was room")
    func told() {
        var shelf = Shelf(disk: .gigabytes(1))
        func notices(_ manifest: Manifest) -> [Curator.Action] {
            let offer = Offer(posting: manifest.posting, holders: [Shelf.tracker], group: [Shelf.own])
            return shelf.bench.ask(.offer(offer), from: Shelf.tracker).filter {
                if case .shareTaken = $0 { true } else { false }
            }
        }
        let first = manifest(90, 1)
        #expect(shelf.take(first) == .accepted)
        #expect(notices(manifest(11, 2)) == [.shareTaken(publisher, .megabytes(90))])
        #expect(notices(manifest(12, 3)) == [])
        shelf.withdraw(first)
        #expect(shelf.take(manifest(80, 4)) == .accepted)
        #expect(notices(manifest(21, 5)) == [.shareTaken(publisher, .megabytes(80))])
    }

    @Test("is what it was after a restart")
    func restart() {
        let here = manifest(60, 1)
        let holding = Holding(
            manifest: .believed(here), pieces: Bitfield(count: here.pieces.count, full: true),
            sha256: here.posting.sha256, isOwn: false)
        var shelf = Shelf(disk: .gigabytes(1), holdings: [holding])
        #expect(shelf.bench.curator.heldForOthers == .megabytes(60))
        #expect(shelf.take(manifest(41, 2)) == .declined(.publisherShare))
        #expect(shelf.take(manifest(40, 3)) == .accepted)
    }

    @Test("is what the operator says", arguments: [1, 30, 100] as [Int64])
    func configured(percent: Int64) {
        var shelf = Shelf(disk: .gigabytes(1), percent: percent)
        #expect(shelf.take(manifest(10 * percent - 5, 1)) == .accepted)
        #expect(shelf.take(manifest(5, 2)) == .accepted)
        let last: CatalogueAnswer.Refusal = percent == 100 ? .noDisk : .publisherShare
        shelf.measure()
        #expect(shelf.take(manifest(1, 3)) == .declined(last))
    }

    @Test("counts nothing that is posted here, whoever else posts it")
    func ownFiles() {
        var shelf = Shelf(disk: .gigabytes(1))
        for seed in UInt64(1)...5 {
            let own = manifest(300, seed, by: Shelf.own)
            shelf.bench.tell(.posted(.believed(own), sha256: own.posting.sha256))
            #expect(shelf.bench.curator.isPosted(here: own.file))
        }
        #expect(shelf.bench.curator.heldForOthers == .zero)
        // What was another's and is posted here now takes nothing of the other's share any more.
        let shared = manifest(100, 9)
        #expect(shelf.take(shared) == .accepted)
        #expect(shelf.take(manifest(1, 10)) == .declined(.publisherShare))
        shelf.bench.tell(
            .posted(
                .believed(Manifest(posting: shared.posting.altered(by: Shelf.own), pieces: shared.pieces)),
                sha256: shared.posting.sha256))
        #expect(shelf.take(manifest(1, 10)) == .accepted)
    }

    @Test("is not charged for a file by way of another's posting that a holder shows")
    func anothersPosting() throws {
        var shelf = Shelf(disk: .gigabytes(1))
        #expect(shelf.take(manifest(100, 1, by: other)) == .accepted)
        let wanted = manifest(20, 2)
        let question = try #require(shelf.offer(wanted).question)
        let shown = Manifest(posting: wanted.posting.altered(by: other), pieces: wanted.pieces)
        shelf.fetch(shown, question)
        let route = try #require(shelf.bench.curator.route(of: wanted.file))
        #expect(route.own == .complete)
        #expect(route.posting == wanted.posting)
    }

    @Test("holds for the length that is proven, not for the one that was claimed")
    func provenLength() throws {
        var shelf = Shelf(disk: .gigabytes(1))
        #expect(shelf.take(manifest(60, 1)) == .accepted)
        let large = manifest(500, 2)
        let claim = Manifest(posting: large.posting.altered(length: .megabytes(1)), pieces: large.pieces)
        let question = try #require(shelf.offer(claim).question)
        shelf.fetch(large, question)
        #expect(shelf.bench.curator.heldForOthers == .megabytes(60))
        #expect(!shelf.bench.curator.holds(large.file))
    }

    @Test("is never passed but by a single file, in whatever order files are offered and go", arguments: 0..<20)
    func property(seed: UInt64) {
        var trial = Trial(seed: seed)
        for step in UInt64(0)..<80 {
            trial.act(step)
            #expect(trial.breaches.isEmpty, "after step \(step)")
            #expect(trial.shelf.bench.curator.heldForOthers == Trial.length(of: trial.held))
        }
        // It came to both: files declined, and a single one beyond the share.
        #expect(trial.declined > 0)
        #expect(trial.passed > 0)
    }
}

/// Four publishers whose files come and go at random, and what the member should have of them.
private struct Trial {
    private static let publishers = (0..<4).map { Sample.node(50 + $0) }

    var shelf: Shelf
    let share: ByteCount
    private(set) var held: [Manifest] = []
    /// Agreed to, and not described yet.
    private var promised: [(manifest: Manifest, question: CallID)] = []
    private(set) var declined = 0
    private(set) var passed = 0
    private var generator: Generator

    init(seed: UInt64) {
        generator = Generator(seed: seed)
        shelf = Shelf(disk: .gigabytes(2), percent: Int64.random(in: 4...14, using: &generator))
        share = shelf.disk.percent(shelf.bench.curator.policy.publisherPercent)
    }

    static func length(of files: [Manifest]) -> ByteCount { files.reduce(.zero) { $0 + $1.posting.length } }

    private func files(of publisher: NodeID) -> [Manifest] {
        (held + promised.map(\.manifest)).filter { $0.posting.publisher == publisher }
    }

    /// Publishers that have more than one file, and more than their share.
    var breaches: [NodeID] {
        Self.publishers.filter { files(of: $0).count > 1 && Self.length(of: files(of: $0)) > share }
    }

    mutating func act(_ step: UInt64) {
        switch step == 0 ? 9 : Int.random(in: 0..<10, using: &generator) {
        case 0: shelf.measure()
        case 1 where !held.isEmpty:
            shelf.withdraw(held.remove(at: Int.random(in: held.indices, using: &generator)))
        case 3:
            let publisher = Self.publishers[Int.random(in: 0..<4, using: &generator)]
            for manifest in held where manifest.posting.publisher == publisher { shelf.withdraw(manifest) }
            held.removeAll { $0.posting.publisher == publisher }
        case 2 where !promised.isEmpty:
            let (manifest, question) = promised.remove(at: Int.random(in: promised.indices, using: &generator))
            fetch(manifest, question)
        default: offer(step)
        }
    }

    private mutating func offer(_ step: UInt64) {
        let publisher = Self.publishers[Int.random(in: 0..<4, using: &generator)]
        let longest: Int64 = Bool.random(using: &generator) ? 600 : 60
        let length = ByteCount.megabytes(step == 0 ? 500 : Int64.random(in: 1...longest, using: &generator))
        let manifest = Sample.manifest(length: length, publisher: publisher, seed: 1000 + step)
        let others = files(of: publisher)
        let fits = others.isEmpty || Self.length(of: others) + length <= share
        let (answer, question) = shelf.offer(manifest)
        if answer == .accepted, let question {
            #expect(fits)
            if length > share { passed += 1 }
            if Bool.random(using: &generator) {
                fetch(manifest, question)
            } else {
                promised.append((manifest, question))
            }
        } else if answer == .declined(.publisherShare) {
            #expect(!fits)
            declined += 1
        } else {
            #expect(answer == .declined(.noDisk))
        }
    }

    private mutating func fetch(_ manifest: Manifest, _ question: CallID) {
        shelf.fetch(manifest, question)
        held.append(manifest)
    }
}

@Suite("A tracker of a publisher that has its share")
struct SatedMemberTests {
    let own = Sample.node(0)
    let member = Sample.node(1)
    let publisher = Sample.node(50)

    /// Tells the tracker of a file that its publisher has; who is offered it.
    func offered(_ manifest: Manifest, _ bench: inout Bench) -> [(id: CallID, to: NodeID)] {
        let posting = manifest.posting
        let announcement = Announcement(
            file: posting.file, holder: posting.publisher, version: 1, state: .complete)
        let told = bench.ask(.announce([announcement], [posting]), from: posting.publisher)
        return (told + bench.wait(.seconds(20))).calls.compactMap { call in
            if case .offer(let offer) = call.request, offer.posting == posting { (call.id, call.to) } else { nil }
        }
    }

    func bench() -> Bench {
        var bench = Bench(
            own: own,
            members: [Sample.facts(member), Sample.facts(publisher), Sample.facts(Sample.node(51))])
        // Takes nothing itself.
        bench.tell(.capacity(replication: .zero, freeDisk: .zero))
        bench.tell(.member(Sample.facts(own, remaining: .zero, freeDisk: .zero)))
        return bench
    }

    /// A file for the member alone, which the tracker is the first to place.
    func manifest(_ megabytes: Int64, _ number: UInt64, by publisher: NodeID? = nil) -> Manifest {
        var seed = number
        while true {
            let manifest = Sample.manifest(
                length: .megabytes(megabytes), publisher: publisher ?? self.publisher, seed: seed,
                audience: .named([member]))
            if bench().curator.trackers(of: manifest.file).first == own { return manifest }
            seed += 100
        }
    }

    @Test("does not offer a member more of its files that are as long, but shorter ones and other publishers'")
    func restsPublisher() throws {
        var bench = bench()
        let call = try #require(offered(manifest(10, 1), &bench).first)
        #expect(call.to == member)
        bench.tell(.answered(call.id, .believed(.declined(.publisherShare))))
        #expect(offered(manifest(10, 2), &bench).isEmpty)
        #expect(offered(manifest(11, 3), &bench).isEmpty)
        #expect(offered(manifest(9, 4), &bench).map(\.to) == [member])
        #expect(offered(manifest(10, 5, by: Sample.node(51)), &bench).map(\.to) == [member])
    }

    @Test("offers it again after six hours")
    func sixHours() throws {
        var bench = bench()
        let manifest = manifest(10, 1)
        let call = try #require(offered(manifest, &bench).first)
        bench.tell(.answered(call.id, .believed(.declined(.publisherShare))))
        let rest = Curator.Settings().satedRest
        #expect(bench.wait(rest - .seconds(1)).offers(of: manifest.file).isEmpty)
        #expect(bench.wait(.seconds(60)).offers(of: manifest.file) == [member])
    }

    @Test("offers all of them to those who declined for another reason, and rests only as long")
    func otherReasons() throws {
        var bench = bench()
        let call = try #require(offered(manifest(10, 1), &bench).first)
        bench.tell(.answered(call.id, .believed(.declined(.policy))))
        #expect(offered(manifest(10, 2), &bench).map(\.to) == [member])
    }
}
