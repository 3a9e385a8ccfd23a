import Catalogue
import Primitives
import Testing

@Suite("Copies that members say they have")
struct BeliefTests {
    let own = Sample.node(1)
    let origin = Sample.node(50)
    let boaster = Sample.node(51)
    let honest = Sample.node(52)
    var members: [MemberFacts] { [origin, boaster, honest].map { Sample.facts($0) } }

    /// A file of which this node is the first tracker.
    func tracked(replicas: UInt8, by bench: Bench) throws -> Manifest {
        let manifests = (1...100 as ClosedRange<UInt64>).map {
            Sample.manifest(length: .mebibytes(1), publisher: origin, replicas: replicas, seed: $0)
        }
        return try #require(manifests.first { bench.curator.trackers(of: $0.file).first == own })
    }

    func complete(_ file: FileID, _ holder: NodeID) -> Announcement {
        Announcement(file: file, holder: holder, version: 1, state: .complete)
    }

    /// To whom the file is offered.
    func offered(_ file: FileID, _ actions: [Curator.Action]) -> [NodeID] {
        actions.calls.compactMap { call in
            if case .offer(let offer) = call.request, offer.posting.file == file { call.to } else { nil }
        }
    }

    /// One copy is wanted, and one member says that it has one.
    func counted() throws -> (bench: Bench, file: FileID) {
        var bench = Bench(own: own, members: members)
        let manifest = try tracked(replicas: 1, by: bench)
        let file = manifest.file
        let told = bench.ask(
            .announce([complete(file, origin), complete(file, boaster)], [manifest.posting]), from: origin)
        #expect(offered(file, told) == [])
        return (bench, file)
    }

    @Test("count as long as nothing speaks against it")
    func believed() throws {
        var (bench, file) = try counted()
        #expect(offered(file, bench.wait(.seconds(3600))) == [])
    }

    @Test("count for nothing where their holder never proved its URL, and again once it has")
    func unproven() throws {
        var (bench, file) = try counted()
        #expect(offered(file, bench.tell(.member(Sample.facts(boaster, isUnproven: true)))) == [honest])
        (bench, file) = try counted()
        bench.tell(.member(Sample.facts(honest, isAlive: false)))
        #expect(offered(file, bench.tell(.member(Sample.facts(boaster, isUnproven: true)))) == [])
        bench.tell(.member(Sample.facts(boaster)))
        bench.tell(.member(Sample.facts(honest)))
        #expect(offered(file, bench.wait(.seconds(3600))) == [])
    }

    @Test("count for nothing where their holder was caught lying three times, about whatever")
    func notorious() throws {
        var (bench, file) = try counted()
        #expect(Curator.Limits().misdeeds == 3)
        let other = Sample.manifest(length: .mebibytes(1), publisher: own, replicas: 0, seed: 1000)
        bench.tell(.posted(.believed(other), sha256: other.posting.sha256))
        for sequence in 1...3 as ClosedRange<UInt64> {
            let lie = other.posting.altered(by: boaster, length: .mebibytes(2), sequence: sequence)
            let told = bench.ask(.announce([], [lie]), from: boaster)
            #expect(offered(file, told) == (sequence < 3 ? [] : [honest]))
        }
        // Nothing new is entrusted to it either.
        let next = try #require(
            (101...200 as ClosedRange<UInt64>).map {
                Sample.manifest(length: .mebibytes(1), publisher: origin, replicas: 2, seed: $0)
            }.first { bench.curator.trackers(of: $0.file).first == own })
        let told = bench.ask(.announce([complete(next.file, origin)], [next.posting]), from: origin)
        #expect(offered(next.file, told) == [honest])
    }

    @Test("count for nothing where their holder sent a wrong piece of that file")
    func wrongPiece() throws {
        var bench = Bench(own: own, members: members)
        let manifest = try tracked(replicas: 2, by: bench)
        let file = manifest.file
        let offer = Offer(posting: manifest.posting, holders: [boaster], group: [own])
        let question = try #require(
            bench.ask(.offer(offer), from: honest).calls.first { $0.request == .manifest(file) })
        bench.tell(.answered(question.id, .believed(.manifest(manifest))))
        let prepared = bench.tell(.prepared(file))
        for case .sign(let draft) in prepared { bench.tell(.signed(.believed(draft))) }
        let fetches = prepared.compactMap { action -> FetchID? in
            if case .fetch(let id, file, _, from: boaster) = action { id } else { nil }
        }
        let fetch = try #require(fetches.first)
        // This node fills one, who boasts has the other.
        let told = bench.ask(
            .announce([complete(file, origin), complete(file, boaster)], [manifest.posting]), from: origin)
        #expect(offered(file, told) == [])
        #expect(offered(file, bench.tell(.fetchEnded(fetch, .corrupt(piece: 0)))) == [honest])
    }

    @Test("are not what a node that leaves relies on", arguments: [false, true])
    func leaving(isUnproven: Bool) {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: own, replicas: 1)
        let file = manifest.file
        var bench = Bench(own: own, members: members)
        bench.tell(.member(Sample.facts(boaster, isUnproven: isUnproven)))
        bench.tell(.posted(.believed(manifest), sha256: manifest.posting.sha256))
        bench.ask(.announce([complete(file, boaster)], [manifest.posting]), from: boaster)
        bench.tell(.leave(by: bench.now + .seconds(60)))
        #expect(bench.curator.handover?.left == (isUnproven ? 1 : 0))
        bench.ask(.announce([complete(file, honest)], [manifest.posting]), from: honest)
        bench.wait(.seconds(1))
        #expect(bench.curator.handover?.left == 0)
    }
}
