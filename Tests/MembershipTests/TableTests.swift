@_spi(Verification) import Primitives
import Testing

@testable import Membership

@Suite struct TableTests {
    private static let age = Duration.seconds(600)

    private func sign(_ words: UInt64...) -> Signature {
        let word = words.reduce(1) { Generator.mix($0 ^ $1) }
        return Signature(first: Bytes32(word, 0, 0, 0), second: Bytes32(word, 1, 0, 0))
    }

    private func card(_ number: UInt64, _ version: UInt64) -> Card {
        let id = NodeID(Bytes32(Generator.mix(number), 0, 0, number))
        return Card(
            nodeID: id, agreementKey: .zero, network: id, version: version, name: "",
            endpoints: [Endpoint(address: .v4(UInt32(number)), port: 1)], url: "http://n", place: nil,
            share: .gigabytes(8), certificate: nil, signature: sign(number, version))
    }

    private func status(_ number: UInt64, _ version: UInt64) -> Status {
        Status(
            node: card(number, 0).nodeID.short, version: version, remaining: .nothing, load: 0, freeDisk: .nothing,
            signature: sign(number, version, 1))
    }

    /// The same members, taken in one after the other.
    private func copy(_ table: Table) -> Table {
        var copy = Table(own: table.own)
        for member in table.members {
            guard let index = copy.insert(member.card.part(News.card), since: .zero) else { continue }
            if let status = member.status { copy.replace(index, with: status.part(News.status)) }
            copy.update(index) { ($0.condition, $0.departure) = (member.condition, member.departure) }
        }
        return copy
    }

    @Test func `hashes that are kept through all that happens are those of a table that has just been filled`() throws {
        var generator = Generator(seed: 1)
        var table = Table(own: Member(card: Verified(checked: card(0, 1)), since: .zero))
        for minute in 1...200 as ClosedRange<UInt32> {
            for _ in 0..<10 {
                let number = UInt64.random(in: 1...40, using: &generator)
                let version = UInt64(minute) * 60_000 - UInt64.random(in: 0..<60_000, using: &generator)
                let said = card(number, version)
                guard let index = table.index(of: said.nodeID) else {
                    _ = table.insert(Verified(checked: .card(said)), since: .zero)
                    continue
                }
                switch Int.random(in: 0..<7, using: &generator) {
                case 0: table.replace(index, with: Verified(checked: .card(said)))
                case 1, 2: table.replace(index, with: Verified(checked: .status(status(number, version))))
                case 3: table.update(index) { $0.condition = .dead }
                case 4: table.update(index) { ($0.condition, $0.departure) = (.alive, nil) }
                case 5:
                    let farewell = Departure(
                        node: said.nodeID.short, version: version, signature: sign(number, version, 2))
                    table.update(index) { ($0.condition, $0.departure) = (.left, Verified(checked: farewell)) }
                default: table.remove(at: index)
                }
            }
            if minute.isMultiple(of: 7) {
                let own = status(0, UInt64(minute) * 60_000)
                table.updateOwn { $0.status = Verified(checked: own) }
            }
            // Mostly the kept ones are asked for each minute; those of a minute that is long past are counted anew.
            let asked = minute.isMultiple(of: 50) ? minute / 2 : minute
            var fresh = copy(table)
            let areSame = table.bucketHashes(at: asked, age: Self.age) == fresh.bucketHashes(at: asked, age: Self.age)
            #expect(areSame, "minute \(minute)")
            #expect(table.quietHash(at: asked, age: Self.age) == fresh.quietHash(at: asked, age: Self.age))
        }
    }
}
