import Catalogue
import Primitives
import Testing

@Suite("A full table of files")
struct CrowdingTests {
    let own = Sample.node(0)
    let members = (1...4).map { Sample.facts(Sample.node($0)) }

    func posting(_ number: Int, by publisher: NodeID) -> Posting {
        Sample.manifest(length: .kibibytes(1), publisher: publisher, replicas: 0, seed: UInt64(number)).posting
    }

    /// A node that is a tracker of everything, since it and four others are all there are.
    func bench(files: Int) -> Bench {
        var limits = Curator.Limits()
        limits.files = files
        return Bench(own: own, members: Array(members.prefix(2)), limits: limits)
    }

    func known(_ postings: [Posting], _ bench: Bench) -> Int {
        postings.count { bench.curator.route(of: $0.file) != nil }
    }

    /// Tells of many files, so many in one announcement; how many announcements were refused.
    @discardableResult
    func announce(_ postings: [Posting], _ bench: inout Bench, from asker: NodeID) -> Int {
        var refused = 0
        for begin in stride(from: 0, to: postings.count, by: 32) {
            let batch = Array(postings[begin..<min(begin + 32, postings.count)])
            if bench.answer(.announce([], batch), from: asker) == .declined(.busy) { refused += 1 }
            bench.wait(.milliseconds(100))
        }
        return refused
    }

    @Test(
        "3,000 unknown files of one member leave the others' where they are, and new ones find room", arguments: 0..<4)
    func greedy(seed: UInt64) {
        var generator = Generator(seed: seed)
        var bench = bench(files: 1000)
        let attacker = Sample.node(90)
        let others = (0..<10).flatMap { publisher in
            (0..<20).map { posting(10_000 * (publisher + 1) + $0, by: Sample.node(UInt64(50 + publisher))) }
        }.shuffled(using: &generator)
        let flood = (0..<3000).map { posting(1_000_000 + $0, by: attacker) }
        // Some before, some in the middle, some after.
        announce(Array(others.prefix(60)), &bench, from: Sample.node(1))
        announce(Array(flood.prefix(1500)), &bench, from: attacker)
        #expect(announce(Array(others[60..<120]), &bench, from: Sample.node(2)) == 0)
        #expect(known(Array(others.prefix(120)), bench) == 120)
        #expect(announce(Array(flood[1500...]), &bench, from: attacker) > 0)
        #expect(announce(Array(others[120...]), &bench, from: Sample.node(1)) == 0)
        #expect(announce(flood, &bench, from: attacker) > 0)
        #expect(known(others, bench) == 200)
        #expect(known(flood, bench) == 800)
        // Of its own the oldest stay.
        #expect(known(Array(flood.prefix(800)), bench) == 800)
    }

    @Test(
        "two members that post the same files have many each, and nobody's files are theirs because they post them too")
    func colluders() {
        var bench = bench(files: 600)
        let (one, two) = (Sample.node(90), Sample.node(91))
        let others = (0..<100).map { posting(10_000 + $0, by: Sample.node(50)) }
        announce(others, &bench, from: Sample.node(1))
        for publisher in [one, two] {
            let again = others.map { $0.altered(by: publisher) }
            announce(again + (0..<600).map { posting(1_000_000 + $0, by: publisher) }, &bench, from: publisher)
        }
        let late = (0..<100).map { posting(20_000 + $0, by: Sample.node(51)) }
        #expect(announce(late, &bench, from: Sample.node(2)) == 0)
        #expect(known(others, bench) == 100)
        #expect(known(late, bench) == 100)
    }

    @Test("publishers that all want more than there is room for end with the same number each")
    func equal() {
        var bench = bench(files: 400)
        let publishers = (0..<4).map { Sample.node(UInt64(50 + $0)) }
        let posted = publishers.enumerated().map { place, publisher in
            (0..<400).map { posting(10_000 * (place + 1) + $0, by: publisher) }
        }
        for _ in 0..<3 { for postings in posted { announce(postings, &bench, from: Sample.node(1)) } }
        let shares = posted.map { known($0, bench) }
        #expect(shares.reduce(0, +) == 400)
        #expect(shares.allSatisfy { (99...101).contains($0) }, "\(shares)")
    }

    @Test("what is held here, and what is posted here, stays; look-ups find room as well")
    func kept() throws {
        var bench = bench(files: 300)
        let own = Sample.manifest(length: .kibibytes(1), publisher: own, seed: 1)
        bench.tell(.posted(.believed(own), sha256: own.posting.sha256))
        announce((0..<400).map { posting(1_000_000 + $0, by: Sample.node(90)) }, &bench, from: Sample.node(90))
        for number in 0..<250 {
            announce([posting(10_000 + number, by: Sample.node(50))], &bench, from: Sample.node(1))
        }
        #expect(bench.curator.route(of: own.file)?.own == .complete)
        // A file that others track.
        var limits = Curator.Limits()
        limits.files = 300
        bench = Bench(own: Sample.node(0), members: (1...9).map { Sample.facts(Sample.node($0)) }, limits: limits)
        let flood = (0..<2000).map { posting(1_000_000 + $0, by: Sample.node(90)) }
            .filter { bench.curator.trackers(of: $0.file).contains(bench.own) }
        announce(flood, &bench, from: Sample.node(90))
        #expect(known(flood, bench) == 300)
        let wanted = try #require(
            (0..<100).map { posting(10_000 + $0, by: Sample.node(50)) }
                .first { !bench.curator.trackers(of: $0.file).contains(bench.own) })
        let call = try #require(bench.tell(.wanted(wanted.file)).calls.first)
        let actions = bench.tell(.answered(call.id, .believed(.found([wanted], []))))
        #expect(actions.contains(.resolved(wanted.file, .settled)))
        #expect(bench.curator.route(of: wanted.file)?.posting == wanted)
    }

    @Test("the same story leads to the same files")
    func deterministic() {
        func story() -> [FileID] {
            var bench = bench(files: 200)
            announce((0..<400).map { posting(1_000_000 + $0, by: Sample.node(90)) }, &bench, from: Sample.node(90))
            for number in 0..<100 {
                announce(
                    [posting(10_000 + number, by: Sample.node(UInt64(50 + number % 7)))], &bench, from: Sample.node(1))
            }
            return bench.curator.routes.map(\.posting.file)
        }
        #expect(story() == story())
    }
}
