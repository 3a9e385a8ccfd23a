import Catalogue
import Primitives
import Testing

@Suite("False and greedy postings beside a true one")
struct ContestTests {
    /// What attackers say of somebody else's file.
    enum Lie: CaseIterable {
        case shorter, longer, endless, digest, everybody, friends, nobody, forbidden
    }

    static let honest = 10
    let manifest = Sample.manifest(length: .mebibytes(8), publisher: Sample.node(0), replicas: 3)

    func posting(_ lie: Lie, by attacker: NodeID, friends: [NodeID]) -> Posting {
        let trueOne = manifest.posting
        var (length, digest, audience, type) = (trueOne.length, trueOne.sha256, Audience.network, trueOne.mediaType)
        switch lie {
        case .shorter: length = .kibibytes(1)
        case .longer: length = .mebibytes(80)
        case .endless: length = PieceGeometry.lengthLimit
        case .digest: digest = Bytes32(6, 6, 6, 6)
        case .everybody: break
        case .friends: audience = .named(friends)
        case .nobody: audience = .named([])
        case .forbidden: type = "forbidden/type"
        }
        let posting = Posting(
            file: trueOne.file, publisher: attacker, length: length, name: "a trap", mediaType: type, sha256: digest,
            audience: audience, replicas: 255, postedAt: trueOne.postedAt, expires: nil, sequence: .max)
        guard let posting else { preconditionFailure("a sample is within the limits") }
        return posting
    }

    /// How long it takes until there are three copies, while these members say such things to everybody, before the
    /// publisher itself and every second after it.
    func time(_ lies: [Lie], seed: UInt64, areHolders: Bool) -> Duration? {
        let count = Self.honest + lies.count
        var world = World(count, settings: World.Settings(jitter: .milliseconds(30)), seed: seed)
        let attackers = world.nodes[Self.honest...].map(\.id)
        func attack(_ world: inout World) {
            for (attacker, lie) in zip(attackers, lies) {
                let announced = Announcement(
                    file: manifest.file, holder: attacker, version: UInt64((world.now - .zero).wholeMilliseconds + 1),
                    state: .complete)
                let posting = posting(lie, by: attacker, friends: attackers)
                for index in 0..<Self.honest {
                    world.told += 1
                    let request = CatalogueRequest.announce(areHolders ? [announced] : [], [posting])
                    world.handle(.request(.believed(request), from: attacker, RequestID(world.told)), at: index)
                }
            }
        }
        attack(&world)
        world.run(for: .milliseconds(100))
        let began = world.now
        world.post(manifest, on: 0)
        for _ in 0..<60 {
            world.run(for: .seconds(1)) { $0.holders(of: manifest.file).count >= 4 }
            if world.holders(of: manifest.file).count >= 4 { return world.now - began }
            attack(&world)
        }
        return nil
    }

    @Test(
        "neither one nor seven attackers delay the three copies of a true posting by more than a few seconds",
        arguments: 0..<2)
    func delay(seed: UInt64) throws {
        let alone = try #require(time([], seed: seed, areHolders: false))
        var generator = Generator(seed: seed)
        var worst = Duration.zero
        let single = Lie.allCases.shuffled(using: &generator).prefix(4).map { [$0] }
        let seven = (0..<7).map { _ in Lie.allCases.randomElement(using: &generator) ?? .digest }
        for lies in single + [seven] {
            let areHolders = Bool.random(using: &generator)
            let delayed = try #require(
                time(lies, seed: seed, areHolders: areHolders), "\(lies), as holders: \(areHolders)")
            #expect(
                delayed - alone <= Self.bound, "\(lies), as holders: \(areHolders): \(delayed), alone \(alone)")
            worst = max(worst, delayed - alone)
        }
        print("contest: seed \(seed), alone \(alone), longest delay \(worst)")
    }

    /// A silent holder is passed over after `manifestHedge`; looking for more candidates takes `shortagePause`.
    static let bound = Curator.Settings().manifestHedge + Curator.Settings().shortagePause

    @Test("the posting that was heard of first speaks for the file, however many copies another one wants")
    func leads() {
        let (own, origin, liar) = (Sample.node(1), Sample.node(50), Sample.node(51))
        let trueOne = Sample.manifest(length: .mebibytes(1), publisher: origin, replicas: 1).posting
        let greedy = trueOne.altered(by: liar, length: .mebibytes(9), replicas: 255)
        var bench = Bench(own: own, members: [origin, liar].map { Sample.facts($0) })
        for posting in [trueOne, greedy, trueOne.altered(sequence: 2), greedy.altered(sequence: 9)] {
            bench.ask(.announce([], [posting]), from: liar)
            #expect(bench.curator.route(of: trueOne.file)?.posting.publisher == origin)
        }
        guard case .found(let postings, _, _)? = bench.answer(.lookUp(trueOne.file), from: liar) else {
            Issue.record("the file is not known")
            return
        }
        // Who asks here believes the same.
        #expect(postings.map(\.publisher) == [origin, liar])
    }

    @Test("a file that was agreed to under a false length is taken under the true one, if that was offered too")
    func alternative() throws {
        let (own, origin, liar) = (Sample.node(1), Sample.node(50), Sample.node(51))
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let lie = manifest.posting.altered(by: liar, length: .kibibytes(1))
        for isOffered in [true, false] {
            var bench = Bench(own: own, members: [origin, liar].map { Sample.facts($0) })
            let first = bench.ask(.offer(Offer(posting: lie, holders: [liar], group: [own])), from: liar)
            #expect(first.calls.map(\.to) == [liar])
            var call = try #require(first.calls.first)
            if isOffered {
                let trueOffer = Offer(posting: manifest.posting, holders: [origin], group: [own])
                let second = bench.ask(.offer(trueOffer), from: origin)
                #expect(second.contains(.answer(RequestID(1), .accepted)))
                // At once, however long the other one is silent.
                #expect(second.calls.map(\.to) == [origin])
                call = try #require(second.calls.first)
            }
            let actions = bench.tell(.answered(call.id, .believed(.manifest(manifest))))
            #expect(actions.contains(.caught(liar, .falseLength, manifest.file, times: 1)))
            #expect(actions.contains { if case .persist = $0 { true } else { false } } == isOffered)
            #expect(bench.curator.holds(manifest.file) == isOffered)
        }
    }

    @Test("what was agreed to under a false length is not taken where there is no room for the true one")
    func noRoom() throws {
        let (own, origin, liar) = (Sample.node(1), Sample.node(50), Sample.node(51))
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: origin)
        let lie = manifest.posting.altered(by: liar, length: .kibibytes(1))
        var bench = Bench(own: own, members: [origin, liar].map { Sample.facts($0) })
        bench.tell(.capacity(replication: .kibibytes(600), freeDisk: .gigabytes(1)))
        bench.ask(.offer(Offer(posting: lie, holders: [liar], group: [own])), from: liar)
        let second = bench.ask(.offer(Offer(posting: manifest.posting, holders: [origin], group: [own])), from: origin)
        let call = try #require(second.calls.first)
        bench.tell(.answered(call.id, .believed(.manifest(manifest))))
        #expect(!bench.curator.holds(manifest.file))
        #expect(bench.answer(.pieces(manifest.file), from: origin) == .unknown)
    }
}
