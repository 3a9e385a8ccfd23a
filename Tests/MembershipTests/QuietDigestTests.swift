@_spi(Verification) import Primitives
import Testing

@testable import Membership

@Suite struct QuietDigestTests {
    private func status(_ node: UInt64, _ version: UInt64) -> Status {
        Status(
            node: ShortID(node << 56 | node), version: version, remaining: .nothing, load: 0, freeDisk: .nothing,
            signature: Signature(first: Bytes32(version, node, 0, 0), second: Bytes32(node, version, 0, 0)))
    }

    @Test func `hashes kept from minute to minute are those counted anew, whole and by bucket`() {
        var generator = Generator(seed: 1)
        var kept = QuietDigest()
        var standing: [UInt64: Status] = [:]
        for minute in 1...60 as ClosedRange<UInt64> {
            for _ in 0..<20 {
                let node = UInt64.random(in: 0..<40, using: &generator)
                let said = status(
                    node, minute * 60_000 - UInt64.random(in: 0..<600_000, using: &generator) % (minute * 50_000))
                if let before = standing.updateValue(said, forKey: node) { kept.toggle(QuietDigest.Item(before)) }
                kept.toggle(QuietDigest.Item(said))
            }
            let version = minute * 60_000 - min(minute * 60_000, 600_000)
            var fresh = QuietDigest(for: version)
            for said in standing.values { fresh.toggle(QuietDigest.Item(said)) }
            #expect(kept.hashes(through: version) == fresh.hashes(through: version))
            #expect(kept.hash(through: version) == fresh.hash(through: version))
            #expect(kept.hashes(through: version).reduce(0, ^) == kept.hash(through: version))
        }
    }
}
