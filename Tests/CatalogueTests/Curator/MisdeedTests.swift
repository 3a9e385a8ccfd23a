import Catalogue
import Primitives
import Testing

@Suite("Members that were caught")
struct MisdeedTests {
    let own = Sample.node(1)
    let origin = Sample.node(50)

    /// A tracker that posted the file, so that it knows what is true of it.
    func bench(_ manifest: Manifest, _ limits: Curator.Limits = Curator.Limits()) -> Bench {
        let holding = Holding(
            manifest: .believed(manifest), pieces: Bitfield(count: manifest.pieces.count, full: true),
            sha256: manifest.posting.sha256, isOwn: true)
        return Bench(own: own, members: [origin].map { Sample.facts($0) }, holdings: [holding], limits: limits)
    }

    func told(_ actions: [Curator.Action]) -> [Int] {
        actions.compactMap { if case .caught(_, _, _, let times) = $0 { times } else { nil } }
    }

    @Test("false lengths and digests are counted for each member, and told as often as their number doubles")
    func counts() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: own)
        var bench = bench(manifest)
        let liar = Sample.node(51)
        var times: [Int] = []
        for sequence in 1...20 {
            let lie = manifest.posting.altered(by: liar, sha256: Bytes32(9, 9, 9, 9), sequence: UInt64(sequence))
            times += told(bench.ask(.announce([], [lie]), from: liar))
        }
        #expect(times == [1, 2, 4, 8, 16])
        let longer = manifest.posting.altered(by: liar, length: .mebibytes(2), sequence: 21)
        #expect(
            bench.ask(.announce([], [longer]), from: liar).contains(
                .caught(liar, .falseLength, manifest.file, times: 1)))
        let misdeeds = Misdeeds(wrongPieces: 0, falseDigests: 20, falseLengths: 1, last: Sample.wall)
        #expect(bench.curator.liars.map(\.member) == [liar])
        #expect(bench.curator.liars.map(\.misdeeds) == [misdeeds])
        #expect(bench.curator.route(of: manifest.file)?.posting == manifest.posting)
    }

    @Test("of very many those are remembered that were caught last")
    func isBounded() {
        let manifest = Sample.manifest(length: .mebibytes(1), publisher: own)
        var limits = Curator.Limits()
        limits.caught = 10
        var bench = bench(manifest, limits)
        func lie(_ number: UInt64, _ sequence: UInt64) {
            let liar = Sample.node(100 + number)
            let lie = manifest.posting.altered(by: liar, length: .mebibytes(2), sequence: sequence)
            bench.ask(.announce([], [lie]), from: liar)
        }
        for number in UInt64(0)..<30 {
            lie(number, 1)
            lie(5, number + 2)
        }
        let last = (21...29).map { Sample.node(100 + $0) } + [Sample.node(105)]
        #expect(bench.curator.liars.map(\.member) == last)
        #expect(bench.curator.liars.last?.misdeeds.falseLengths == 31)
    }
}
