import Catalogue
import Primitives
import Testing

/// A clock that is 40 days ahead when the node starts, and files that end in 10.
@Suite("By a clock that nobody has confirmed")
struct UnconfirmedClockTests {
    let own = Sample.node(1)
    let publisher = Sample.node(50)
    let ahead = Sample.wall + .seconds(40 * 86_400)
    let end = Sample.wall + .seconds(10 * 86_400)

    func holding(by publisher: NodeID, seed: UInt64) -> Holding {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: publisher, replicas: 0, seed: seed)
        return Holding(
            manifest: .believed(Manifest(posting: manifest.posting.altered(expires: end), pieces: manifest.pieces)),
            pieces: Bitfield(count: manifest.pieces.count, full: true), sha256: manifest.posting.sha256,
            isOwn: publisher == own)
    }

    var posted: Holding { holding(by: own, seed: 1) }
    var held: Holding { holding(by: publisher, seed: 2) }
    /// Remembered until a day after the end.
    var withdrawal: Withdrawal { holding(by: publisher, seed: 3).manifest.value.posting.withdrawal }
    var gone: [HoldingRecord] {
        [.removed(posted.file), .removed(held.file), .withdrawalForgotten(withdrawal.file, publisher)]
    }

    /// Started, and left alone for an hour.
    func started() -> (bench: Bench, records: [HoldingRecord]) {
        var bench = Bench(own: own, holdings: [posted, held], withdrawals: [withdrawal.remembered])
        bench.tell(.capacity(replication: .gigabytes(4), freeDisk: .gigabytes(4)))
        var actions = bench.tell(.start(ahead, isConfirmed: false))
        for second in 1...60 {
            actions += bench.wait(.seconds(60))
            actions += bench.tell(.wallClock(ahead + .seconds(60 * second), isConfirmed: false))
        }
        return (bench, actions.records)
    }

    func isKept(_ bench: Bench) -> Bool {
        bench.curator.holds(posted.file) && bench.curator.holds(held.file)
            && bench.curator.withdrawn.map(\.value) == [withdrawal]
    }

    @Test("nothing is deleted, and nothing offered that would be over")
    func unconfirmed() {
        let (bench, records) = started()
        #expect(isKept(bench) && !records.contains { gone.contains($0) })
        for file in [posted.file, held.file] {
            #expect(bench.curator.route(of: file) == nil && bench.curator.ending(of: file) == .expired)
        }
    }

    @Test("what seemed to be over is offered again once another time is confirmed, and ends when it should")
    func corrected() {
        var (bench, _) = started()
        let told = bench.tell(.wallClock(Sample.wall, isConfirmed: true))
        #expect(isKept(bench) && !told.records.contains { gone.contains($0) })
        for file in [posted.file, held.file] { #expect(bench.curator.route(of: file)?.own == .complete) }
        var late = bench.wait(.seconds(1))
        late += bench.tell(.wallClock(end + .seconds(-30)))
        #expect(isKept(bench))
        late += bench.wait(.seconds(60))
        #expect(late.records.contains(.removed(posted.file)) && late.records.contains(.removed(held.file)))
        #expect(bench.curator.withdrawn.map(\.value) == [withdrawal])
    }

    @Test("everything is deleted as soon as it is confirmed")
    func confirmed() {
        var (bench, _) = started()
        var told = bench.tell(.wallClock(ahead + .seconds(3600), isConfirmed: true))
        told += bench.wait(.seconds(1))
        #expect(gone.allSatisfy { told.records.contains($0) })
        #expect(!bench.curator.holds(posted.file) && !bench.curator.holds(held.file))
        #expect(bench.curator.withdrawn.isEmpty && bench.curator.ending(of: held.file) == .expired)
    }

    @Test("what is taken back, or denied, is deleted all the same")
    func takenBack() {
        var (bench, _) = started()
        let told = bench.ask(.announce([], [], [held.manifest.value.posting.withdrawal]), from: publisher)
        #expect(told.records.contains(.removed(held.file)))
        #expect(bench.curator.holds(posted.file))
        bench = started().bench
        #expect(bench.tell(.deny(.publisher(publisher))).records.contains(.removed(held.file)))
    }
}
