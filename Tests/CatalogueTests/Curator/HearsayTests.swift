import Catalogue
import Primitives
import Testing

/// A member tells a node of a file of which that node is no tracker, and which its publisher's trackers know.
@Suite("What a node is told unasked of a file that others track")
struct HearsayTests {
    static let own = Sample.node(0)
    static let publisher = Sample.node(50)
    static let mallory = Sample.node(66)
    static let members = ((1...9).map { Sample.node($0) } + [publisher, mallory]).map { Sample.facts($0) }
    let settings = Curator.Settings()
    let manifest: Manifest
    var file: FileID { manifest.file }
    var bench: Bench

    init() throws {
        let bench = Bench(own: Self.own, members: Self.members)
        let manifests = (1...200 as ClosedRange<UInt64>).map {
            Sample.manifest(length: .mebibytes(1), publisher: Self.publisher, replicas: 0, seed: $0)
        }
        manifest = try #require(
            manifests.first { manifest in
                let trackers = bench.curator.trackers(of: manifest.file)
                return ![Self.own, Self.publisher, Self.mallory].contains { trackers.contains($0) }
            })
        self.bench = bench
    }

    func says(_ holder: NodeID, _ state: Announcement.State = .complete, version: UInt64 = 1) -> Announcement {
        Announcement(file: file, holder: holder, version: version, state: state)
    }

    /// Mallory's posting of the same file.
    func lie(_ audience: Audience = .named([]), expires: WallTime? = nil, sequence: UInt64 = 1) throws -> Posting {
        let posting = manifest.posting
        return try #require(
            Posting(
                file: file, publisher: Self.mallory, length: .kibibytes(3), name: "m.bin", mediaType: "text/plain",
                sha256: .zero, audience: audience, replicas: .max, postedAt: posting.postedAt, expires: expires,
                sequence: sequence))
    }

    /// What its trackers know.
    var truth: CatalogueAnswer { .found([manifest.posting], [says(Self.publisher)]) }

    /// The ways in which she tells of it.
    enum Telling: CaseIterable {
        case barred, barredWithoutHolder, lured, over, offered
    }

    mutating func tell(_ telling: Telling, sequence: UInt64 = 1) throws {
        let barred = try lie(sequence: sequence)
        switch telling {
        case .barred:
            bench.ask(.announce([says(Self.mallory, .filling, version: sequence)], [barred]), from: Self.mallory)
        case .barredWithoutHolder: bench.ask(.announce([], [barred]), from: Self.mallory)
        case .lured:
            let posting = try lie(.network, sequence: sequence)
            bench.ask(.announce([says(Self.mallory, version: sequence)], [posting]), from: Self.mallory)
        case .over:
            let soon = WallTime(milliseconds: Sample.wall.milliseconds + 1000)
            bench.ask(.announce([], [try lie(expires: soon, sequence: sequence)]), from: Self.mallory)
            bench.wait(.seconds(2))
        case .offered:
            let tracker = try #require(bench.curator.trackers(of: file).first)
            let offer = Offer(posting: try lie(.network), holders: [Self.mallory], group: [Self.own])
            #expect(bench.answer(.offer(offer), from: tracker) == .accepted)
        }
    }

    @Test("keeps nobody from what the trackers know, who speak first", arguments: Telling.allCases)
    func merged(telling: Telling) throws {
        var test = self
        try test.tell(telling)
        #expect(test.bench.curator.route(of: file) == nil)
        #expect(test.bench.curator.ending(of: file) == nil)
        let actions = test.bench.tell(.wanted(file))
        let call = try #require(actions.calls.first { $0.request == .lookUp(file) })
        #expect(call.to == test.bench.curator.trackers(of: file).first)
        #expect(!actions.contains { if case .resolved = $0 { true } else { false } })
        let told = test.bench.tell(.answered(call.id, .believed(truth)))
        #expect(told.last == .resolved(file, .settled))
        let route = try #require(test.bench.curator.route(of: file))
        #expect(route.posting == manifest.posting)
        #expect(route.holders.contains(FileRoute.Holder(id: Self.publisher, isComplete: true)))
        #expect(route.audience.vouches(for: Self.publisher))
        // Asked once, and told at once from then on.
        #expect(test.bench.tell(.wanted(file)) == [.resolved(file, .settled)])
    }

    @Test("keeps its place behind the trackers' when there are as many postings as may be, each once")
    func crowded() throws {
        var test = self
        let limit = Curator.Limits().postings
        let others = (0..<limit).map { manifest.posting.altered(by: Sample.node(70 + UInt64($0)), sha256: .zero) }
        test.bench.ask(.announce([], others), from: Self.mallory)
        let known = [manifest.posting, manifest.posting.altered(by: Sample.node(51))]
        test.bench.want(file, .found(known + known, [says(Self.publisher)]))
        #expect(test.bench.curator.route(of: file)?.posting == manifest.posting)
        let tracker = try #require(test.bench.curator.trackers(of: file).first)
        guard case .found(let postings, _, _) = test.bench.answer(.lookUp(file), from: tracker) else {
            Issue.record("it is not known any more")
            return
        }
        #expect(postings == known + others.prefix(limit - known.count))
    }

    @Test("is forgotten soon, however often it is said again, and leads to no more than a question each time")
    func again() throws {
        var test = self
        let rounds = 60
        var asked = 0
        for round in 1...rounds {
            try test.tell(round % 2 == 0 ? .barred : .barredWithoutHolder, sequence: UInt64(round))
            for _ in 0..<3 {
                let actions = test.bench.tell(.wanted(file))
                for call in actions.calls where call.request == .lookUp(file) {
                    asked += 1
                    test.bench.tell(.answered(call.id, .believed(truth)))
                }
                #expect(test.bench.curator.route(of: file)?.posting == manifest.posting, "round \(round)")
            }
            test.bench.wait(.seconds(1))
        }
        #expect(asked <= rounds / Int(settings.retirement.components.seconds) + 1)
        // Nothing stays of what nobody asks for.
        test = self
        try test.tell(.barredWithoutHolder)
        test.bench.wait(settings.retirement)
        #expect(test.bench.answer(.lookUp(file), from: Self.publisher) == .unknown)
    }

    @Test(
        "ends as what it is where no tracker knows better, or none answers", arguments: [CatalogueAnswer.unknown, nil])
    func vain(answer: CatalogueAnswer?) throws {
        var test = self
        try test.tell(.barred)
        let actions = test.bench.want(file, answer)
        // Offered, by nobody who can serve it: clients are told to come back.
        #expect(actions.last == .resolved(file, .settled))
        #expect(test.bench.curator.route(of: file)?.posting == (try lie()))
        #expect(test.bench.tell(.wanted(file)) == [.resolved(file, .settled)])
    }

    @Test("costs of the look-ups that find nothing what any other file would")
    func bucket() throws {
        var test = self
        var asked: Set<FileID> = []
        for seed in 1...UInt64(4 * settings.unknowns.burst) {
            let other = Sample.manifest(
                length: .kibibytes(1), publisher: Self.mallory, replicas: 0, seed: 10_000 + seed)
            guard !test.bench.curator.trackers(of: other.file).contains(Self.own) else { continue }
            test.bench.ask(.announce([], [other.posting]), from: Self.mallory)
            var actions = test.bench.tell(.wanted(other.file))
            while let call = actions.calls.first(where: { $0.request == .lookUp(other.file) }) {
                asked.insert(other.file)
                actions = test.bench.tell(.answered(call.id, .believed(.unknown)))
            }
        }
        #expect(asked.count == settings.unknowns.burst)
    }

    @Test("and has been withdrawn since is gone, as the trackers remember")
    func withdrawn() throws {
        var test = self
        test.bench.ask(.announce([], [manifest.posting]), from: Self.mallory)
        test.bench.want(file, .withdrawn([manifest.posting.withdrawal]))
        #expect(test.bench.curator.ending(of: file) == .withdrawn)
    }

    @Test("and has been withdrawn since stays gone for as long as that is believed")
    func staysWithdrawn() throws {
        var test = self
        test.bench.ask(.announce([], [manifest.posting]), from: Self.mallory)
        test.bench.wait(settings.retirement - .seconds(2))
        test.bench.want(file, .withdrawn([manifest.posting.withdrawal]))
        for _ in 1..<settings.negativeLifetime.components.seconds {
            test.bench.wait(.seconds(1))
            #expect(test.bench.curator.ending(of: file) == .withdrawn)
            #expect(test.bench.tell(.wanted(file)) == [.resolved(file, .settled)])
        }
        test.bench.wait(.seconds(1))
        #expect(!test.bench.tell(.wanted(file)).calls.isEmpty)
    }

    @Test("counts at once where the node becomes a tracker of it")
    func promoted() throws {
        var test = self
        try test.tell(.lured)
        while let first = test.bench.curator.trackers(of: file).first,
            !test.bench.curator.trackers(of: file).contains(Self.own)
        {
            test.bench.tell(.member(Sample.facts(first, isAlive: false)))
        }
        #expect(test.bench.curator.route(of: file)?.posting == (try lie(.network)))
    }

    @Test("does not show what the operator denies")
    func denied() throws {
        var test = self
        test.bench.tell(.deny(.file(file)))
        try test.tell(.barred)
        #expect(test.bench.curator.ending(of: file) == .denied)
        #expect(test.bench.tell(.wanted(file)) == [.resolved(file, .settled)])
    }

    @Test("A file that was looked up is looked up again when the last who could serve it is gone")
    func lost() throws {
        var test = self
        let other = Sample.node(5)
        test.bench.want(file, truth)
        test.bench.wait(.seconds(60))
        #expect(test.bench.tell(.wanted(file)) == [.resolved(file, .settled)])
        test.bench.tell(.member(Sample.facts(Self.publisher, isAlive: false)))
        var anew = test.bench
        anew.want(file, .found([manifest.posting], [says(Self.publisher), says(other)]))
        #expect(anew.curator.route(of: file)?.holders.contains(FileRoute.Holder(id: other, isComplete: true)) == true)
        // Where all are away it is still offered: whoever wants it is told to come back, not that there is none.
        for answer in [CatalogueAnswer.found([manifest.posting], []), .unknown, nil] {
            var bench = test.bench
            let actions = bench.want(file, answer)
            #expect(actions.last == .resolved(file, .settled))
            #expect(bench.curator.route(of: file)?.posting == manifest.posting)
            #expect(bench.tell(.wanted(file)) == [.resolved(file, .settled)])
        }
    }

    @Test("A file that nobody can serve is asked for again as soon as one that is still being copied")
    func unserved() throws {
        var test = self
        test.bench.want(file, .found([manifest.posting], []))
        #expect(test.bench.curator.route(of: file)?.posting == manifest.posting)
        test.bench.wait(settings.unsettledLifetime - .milliseconds(1))
        #expect(test.bench.tell(.wanted(file)).calls.isEmpty)
        test.bench.wait(.milliseconds(1))
        test.bench.want(file, truth)
        #expect(test.bench.curator.route(of: file)?.holders.first?.id == Self.publisher)
        test.bench.wait(settings.settledLifetime - .milliseconds(1))
        #expect(test.bench.tell(.wanted(file)).calls.isEmpty)
    }
}
