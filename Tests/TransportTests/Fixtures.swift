import Allowance
import Membership
import Primitives
import Synchronization

@testable import Transport

/// A fixed present for signatures and certificates.
let present = WallTime(milliseconds: 1_790_000_000_000)

/// A key of its own for each number, the same in every run.
func identity(_ number: UInt64) -> Identity {
    Identity(
        signingSecret: Bytes32(number, 1, 2, 3), agreementSecret: Bytes32(number, 4, 5, 6))
}

/// A founder and those it, or they among each other, have admitted.
struct Club {
    let founder = identity(1)
    let networkKey = Bytes32(9, 9, 9, 9)

    func certificate(for subject: Identity, by issuer: Identity) -> Certificate {
        issuer.sign(
            Certificate(
                subject: subject.nodeID, issuer: issuer.nodeID, network: founder.nodeID, issuedAt: present)
        ).value
    }

    /// The card of a member admitted by `issuer`; of the founder, where there is none.
    func card(
        _ member: Identity, by issuer: Identity?, version: UInt64 = 1, endpoint: String = "127.0.0.1:9",
        url: String = "http://127.0.0.1:9"
    ) -> Card {
        let draft = Card(
            nodeID: member.nodeID, agreementKey: member.agreementKey, network: founder.nodeID, version: version,
            name: "member", endpoints: [Endpoint(endpoint) ?? Endpoint(address: .v4(0x7F00_0001), port: 9)], url: url,
            place: nil, share: .gigabytes(8), certificate: issuer.map { certificate(for: member, by: $0) })
        return member.sign(draft).value
    }

    func status(_ member: Identity, version: UInt64 = 1) -> Status {
        member.sign(
            Status(
                node: member.nodeID.short, version: version, remaining: QuarterPower(.gigabytes(1)), load: 1,
                freeDisk: QuarterPower(.gigabytes(2)), coordinate: nil)
        ).value
    }

    /// A directory that has learnt these cards.
    func directory(knowing cards: [Card]) -> Directory {
        let directory = Directory(founder: founder.nodeID)
        for verified in directory.verifying(cards.map(News.card)) {
            if case .card(let card) = verified.value { directory.learn(verified.part { _ in card }) }
        }
        return directory
    }
}

/// An account whose leases are renewed at once, to all there is; or never.
func account(share: ByteCount = .gigabytes(8), leased: Bool = true) -> Account {
    final class Holder: Sendable {
        let account = Mutex<Account?>(nil)
    }
    let terms = Terms(share: share)
    var all = ClassTotals.zero
    for kind in TrafficClass.allCases { all[kind] = terms.ceiling(kind) }
    let (holder, durable) = (Holder(), all)
    let account = Account(Leases(terms: terms, spent: .zero, durable: leased ? all : .zero)) { usage in
        // What was recorded beyond all there is has been sent.
        if leased { holder.account.withLock { $0 }?.extend(to: durable.max(usage.spent)) }
    }
    holder.account.withLock { $0 = account }
    return account
}

/// The same bytes with one bit flipped, once for each byte.
func tampered(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.indices.map { index in
        var copy = bytes
        copy[index] ^= 1 << UInt8(index % 8)
        return copy
    }
}
