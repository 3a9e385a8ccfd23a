@_spi(Verification) import Primitives
import Testing

@testable import Membership

@Suite struct ChangeLogTests {
    private func status(_ node: UInt64, _ version: UInt64) -> News {
        .status(
            Status(
                node: ShortID(node), version: version, remaining: .nothing, load: 0, freeDisk: .nothing,
                signature: Signature(first: Bytes32(version, node, 0, 0), second: Bytes32(node, version, 0, 0))))
    }

    /// Members that say something in turn; what each said before is outdated.
    private func append(_ versions: ClosedRange<UInt64>, by members: UInt64, to log: inout ChangeLog) {
        for version in versions {
            for node in 0..<members {
                log.outdate(status(node, version - 1))
                log.append(status(node, version))
            }
        }
    }

    @Test func `what was said again is told once, and known in either saying as long as it is young`() {
        var log = ChangeLog()
        append(1...3, by: 4, to: &log)
        #expect(log.changes(after: 0).count { !$0.isOutdated } == 4)
        log.compact { !$0.isOutdated }
        #expect(log.changes(after: 0).map(\.position) == [9, 10, 11, 12])
        #expect(log.position(of: status(0, 1).digest) == 1 && log.change(status(0, 1).digest) == nil)
        #expect(log.change(status(0, 3).digest)?.position == 9)
        log.outdate(status(0, 3))
        #expect(log.change(status(0, 3).digest)?.isOutdated == true)
        log.told(10, times: 300)
        #expect(log.change(status(1, 3).digest)?.tellings == 255)
    }

    @Test func `who never acknowledges keeps what is current, and not what is outdated`() {
        var log = ChangeLog()
        for round in 1...50 as ClosedRange<UInt64> {
            append(round...round, by: 4, to: &log)
            log.compact { !$0.isOutdated }
            log.drop(acknowledged: 0, olderThan: .seconds(60), at: .zero + .seconds(10) * Int(round))
        }
        #expect(log.changes(after: 0).count == 4)
        #expect(log.position(of: status(0, 50).digest) == 197 && log.position(of: status(0, 46).digest) != nil)
        #expect(log.position(of: status(0, 10).digest) == nil)
        log.drop(acknowledged: log.head, olderThan: .seconds(60), at: .zero + .seconds(1_000))
        #expect(log.changes(after: 0).isEmpty && log.position(of: status(0, 50).digest) == nil)
    }
}
