import Catalogue
import Primitives
import Testing

@Suite("Looking up what is not known here")
struct UnknownFileTests {
    let settings = Curator.Settings()
    let members = (1...9).map { Sample.facts(Sample.node($0)) }
    let publisher = Sample.node(50)

    /// Asks for the file; nobody knows it. How many were asked.
    func miss(_ file: FileID, _ bench: inout Bench, _ answer: CatalogueAnswer = .unknown) -> Int {
        var asked = 0
        var actions = bench.tell(.wanted(file))
        while let call = actions.calls.first {
            asked += 1
            actions = bench.tell(.answered(call.id, .believed(answer)))
        }
        let isPostponed = actions.contains { if case .resolved(file, .postponed) = $0 { true } else { false } }
        #expect(isPostponed || actions.contains(.resolved(file, .settled)))
        // Nothing is said of a file for which nobody was asked.
        #expect(isPostponed == (asked == 0))
        return asked
    }

    func file(_ number: UInt64) -> FileID { FileID(Bytes32(Generator.mix(number), number, 0, 0)) }

    /// A file that this bench is no tracker of.
    func foreign(to bench: Bench) -> Manifest {
        for seed in 1... {
            let manifest = Sample.manifest(length: .mebibytes(1), publisher: publisher, replicas: 0, seed: UInt64(seed))
            if !bench.curator.trackers(of: manifest.file).contains(bench.own) { return manifest }
        }
        preconditionFailure("some file has other trackers")
    }

    @Test("asks for so many files in vain, then for one in each interval, first all trackers and then one")
    func bucket() {
        var bench = Bench(own: Sample.node(0), members: members)
        let half = settings.unknowns.burst / 2
        for number in 0..<UInt64(half) { #expect([2, 3].contains(miss(file(number), &bench))) }
        for number in UInt64(half)..<UInt64(2 * half) { #expect(miss(file(number), &bench) == 1) }
        for number in 1000..<1500 { #expect(miss(file(UInt64(number)), &bench) == 0) }
        for round in 0..<3 {
            bench.wait(settings.unknowns.every)
            #expect((0..<5).map { miss(file(UInt64(2000 + 10 * round + $0)), &bench) } == [1, 0, 0, 0, 0])
        }
        // Long after, no more than a burst.
        bench.wait(settings.unknowns.every * 10_000)
        #expect((0..<UInt64(600)).count { miss(file(5000 + $0), &bench) > 0 } == settings.unknowns.burst)
    }

    @Test("says when asking again pays, and keeps its word")
    func comeBack() throws {
        for seed in UInt64(1)...20 {
            var bench = Bench(own: Sample.node(0), members: members)
            for number in 0..<UInt64(settings.unknowns.burst) { _ = miss(file(1000 * seed + number), &bench) }
            bench.wait(.milliseconds(Int64(seed * 1_733)))
            var number: UInt64 = 1000 * seed + 500
            // Some have come while it waited.
            while !bench.tell(.wanted(file(number))).calls.isEmpty { number += 1 }
            let wanted = file(number)
            guard case .resolved(wanted, .postponed(let pause))? = bench.tell(.wanted(wanted)).last else {
                Issue.record("seed \(seed)")
                continue
            }
            #expect(pause > .zero && pause <= settings.unknowns.every)
            bench.wait(pause - .nanoseconds(1))
            #expect(bench.tell(.wanted(wanted)) == [.resolved(wanted, .postponed(.nanoseconds(1)))])
            bench.wait(.nanoseconds(1))
            #expect(bench.tell(.wanted(wanted)).calls.count == 1)
        }
    }

    @Test("trackers that are silent, or answer something else, have not said that there is no such file")
    func silence() throws {
        for answer in [nil, CatalogueAnswer.noted, .accepted, .pieces(Bitfield(count: 1))] {
            var bench = Bench(own: Sample.node(0), members: members)
            let file = foreign(to: bench).file
            // However often in a row: the next time they may be back.
            for _ in 0..<5 {
                var actions = bench.tell(.wanted(file))
                while let call = actions.calls.first {
                    actions = bench.tell(
                        answer.map { .answered(call.id, .believed($0)) } ?? .failed(call.id, .timedOut))
                }
                #expect(actions == [.resolved(file, .postponed(settings.negativeLifetime))])
                bench.wait(.seconds(2))
                #expect(bench.tell(.wanted(file)) == [.resolved(file, .postponed(.seconds(3)))])
                bench.wait(.seconds(3))
            }
            // One of them that knows is enough.
            var actions = bench.tell(.wanted(file))
            while let call = actions.calls.first {
                actions =
                    actions.calls.count > 1
                    ? bench.tell(.failed(call.id, .timedOut)) : bench.tell(.answered(call.id, .believed(.unknown)))
            }
            #expect(actions == [.resolved(file, .settled)])
        }
    }

    @Test("costs nothing when the file is there, however often")
    func found() throws {
        var bench = Bench(own: Sample.node(0), members: members)
        for seed in 1...UInt64(2 * settings.unknowns.burst) {
            let manifest = Sample.manifest(length: .kibibytes(1), publisher: publisher, replicas: 0, seed: seed)
            let call = try #require(bench.tell(.wanted(manifest.file)).calls.first)
            bench.tell(.answered(call.id, .believed(.found([manifest.posting], []))))
            #expect(bench.curator.route(of: manifest.file) != nil)
        }
    }

    /// For how long the answer is believed, one time after the other.
    func lifetimes(of file: FileID, _ answer: CatalogueAnswer, _ bench: inout Bench, times: Int) -> [Duration] {
        (0..<times).map { _ in
            #expect(miss(file, &bench, answer) > 0)
            let began = bench.now
            var step = Duration.seconds(5)
            while step > .zero {
                var probe = bench
                probe.wait(step - .milliseconds(1))
                #expect(probe.tell(.wanted(file)).calls.isEmpty)
                probe = bench
                probe.wait(step)
                if !probe.tell(.wanted(file)).calls.isEmpty { break }
                step += .seconds(5)
                if step > .seconds(1000) { break }
            }
            bench.wait(step)
            return bench.now - began
        }
    }

    static let doubling = [5, 10, 20, 40, 80, 160, 300, 300].map { Duration.seconds($0) }

    @Test("believes that there is no such file for longer each time, and anew once it was there")
    func negatives() throws {
        var bench = Bench(own: Sample.node(0), members: members)
        let manifest = foreign(to: bench)
        #expect(lifetimes(of: manifest.file, .unknown, &bench, times: 8) == Self.doubling)
        let call = try #require(bench.tell(.wanted(manifest.file)).calls.first)
        bench.tell(.answered(call.id, .believed(.found([manifest.posting], []))))
        #expect(bench.curator.route(of: manifest.file)?.posting == manifest.posting)
        bench.wait(settings.settledLifetime)
        #expect(bench.curator.route(of: manifest.file) == nil)
        #expect(lifetimes(of: manifest.file, .unknown, &bench, times: 2) == [.seconds(5), .seconds(10)])
    }

    @Test("believes that a file was withdrawn no longer than that there is none, and finds it when it is posted again")
    func withdrawn() throws {
        var bench = Bench(own: Sample.node(0), members: members)
        let manifest = foreign(to: bench)
        let gone = CatalogueAnswer.withdrawn([manifest.posting.withdrawal])
        #expect(lifetimes(of: manifest.file, gone, &bench, times: 8) == Self.doubling)
        #expect(miss(manifest.file, &bench, gone) > 0)
        #expect(bench.curator.ending(of: manifest.file) == .withdrawn)
        bench.wait(settings.longestNegativeLifetime)
        let call = try #require(bench.tell(.wanted(manifest.file)).calls.first)
        let again = manifest.posting.altered(sequence: 2)
        bench.tell(.answered(call.id, .believed(.found([again], [], [manifest.posting.withdrawal]))))
        #expect(bench.curator.route(of: manifest.file)?.posting == again)
    }

    @Test("believes nothing that was withdrawn, whatever trackers send along")
    func replayed() throws {
        var bench = Bench(own: Sample.node(0), members: members)
        let manifest = foreign(to: bench)
        let replay = CatalogueAnswer.found([manifest.posting], [], [manifest.posting.withdrawal])
        #expect(miss(manifest.file, &bench, replay) > 0)
        #expect(bench.curator.route(of: manifest.file) == nil)
        #expect(bench.curator.ending(of: manifest.file) == .withdrawn)
        // Nobody can take back what another posted.
        bench.wait(settings.longestNegativeLifetime)
        let call = try #require(bench.tell(.wanted(manifest.file)).calls.first)
        let another = manifest.posting.altered(by: Sample.node(51), sequence: .max).withdrawal
        bench.tell(.answered(call.id, .believed(.found([manifest.posting], [], [another]))))
        #expect(bench.curator.route(of: manifest.file)?.posting == manifest.posting)
    }
}
