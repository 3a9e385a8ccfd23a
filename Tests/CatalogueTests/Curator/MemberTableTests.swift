import Primitives
import Testing

@testable import Catalogue

@Suite struct MemberTableTests {
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50), replicas: 2)

    private func table(own: NodeID, _ members: [MemberFacts]) -> MemberTable {
        var table = MemberTable(own: own)
        for member in members { _ = table.update(member) }
        return table
    }

    @Test func `who has not proven its URL is passed over as first tracker, and so is who is not there`() {
        let order = ranked(0..<10, for: manifest)
        func isFirst(_ own: Int, change: (inout MemberFacts) -> Void) -> Bool {
            var facts = order.map { Sample.facts($0) }
            change(&facts[0])
            return table(own: order[own], facts).isFirstTracker(of: manifest.file)
        }
        #expect(isFirst(0) { _ in })
        #expect(!isFirst(1) { _ in })
        #expect(isFirst(1) { $0.isUnproven = true })
        #expect(isFirst(1) { $0.isAlive = false })
        #expect(!isFirst(2) { $0.isUnproven = true })
    }

    @Test func `facts are found again, levels as statuses tell them`() {
        var facts = Sample.facts(Sample.node(1))
        facts.remaining = ByteCount(1_000_000)
        facts.freeDisk = .zero
        let table = table(own: Sample.node(0), (2..<40).map { Sample.facts(Sample.node($0)) } + [facts])
        let found = table[facts.id]
        #expect(found?.remaining == QuarterPower(facts.remaining).byteCount)
        #expect(found?.freeDisk == .zero)
        #expect(found?.since == facts.since)
        #expect(table[Sample.node(41)] == nil)
        #expect(table.map(\.id) == table.map(\.id).sorted())
    }
}
