import Catalogue
import Primitives
import Testing

@Suite("A publisher")
struct ReadabilityTests {
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50))
    let sha256 = Bytes32(1, 2, 3, 4)

    @Test("offers nothing of what it cannot read, until it can again")
    func unreadable() {
        var bench = Bench(own: Sample.node(50), members: [Sample.facts(Sample.node(1))])
        bench.tell(.posted(.believed(manifest), sha256: sha256))
        let lost = bench.tell(.readable(manifest.file, false))
        #expect(states(lost) == [.filling])
        #expect(routes(lost) == [.filling(Bitfield(count: 4))])
        #expect(bench.answer(.pieces(manifest.file), from: Sample.node(1)) == .pieces(Bitfield(count: 4)))
        #expect(bench.tell(.readable(manifest.file, false)).isEmpty)
        let back = bench.tell(.readable(manifest.file, true))
        #expect(states(back) == [.complete])
        #expect(routes(back) == [.complete])
        #expect(bench.answer(.pieces(manifest.file), from: Sample.node(1)) == .pieces(Bitfield(count: 4, full: true)))
        #expect(bench.tell(.readable(manifest.file, true)).isEmpty)
    }

    @Test("offers it again once it is posted again")
    func postedAgain() {
        var bench = Bench(own: Sample.node(50), members: [Sample.facts(Sample.node(1))])
        bench.tell(.posted(.believed(manifest), sha256: sha256))
        bench.tell(.readable(manifest.file, false))
        #expect(routes(bench.tell(.posted(.believed(manifest), sha256: sha256))) == [.complete])
    }

    @Test("has no word for files that it does not have")
    func unknown() {
        var bench = Bench(own: Sample.node(50))
        #expect(bench.tell(.readable(manifest.file, false)).isEmpty)
    }

    private func states(_ actions: [Curator.Action]) -> [Announcement.State] {
        actions.compactMap { if case .sign(let draft) = $0 { draft.state } else { nil } }
    }

    private func routes(_ actions: [Curator.Action]) -> [FileRoute.OwnCopy] {
        actions.compactMap { if case .route(let route) = $0 { route.own } else { nil } }
    }
}
