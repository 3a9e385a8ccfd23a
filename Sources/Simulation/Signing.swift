internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

extension Statement {
    /// Signed without cryptography: different for different content, which is all a world needs.
    var signed: Self {
        var signed = self
        let word = signedBytes.reduce(1) { Generator.mix($0 ^ UInt64($1)) }
        signed.signature = Signature(first: Bytes32(word, 0, 0, 0), second: Bytes32(word, 1, 1, 1))
        return signed
    }
}

extension Draft {
    var signed: Verified<Draft> {
        switch self {
        case .news(.card(let card)): Verified(checked: .news(.card(card.signed)))
        case .news(.status(let status)): Verified(checked: .news(.status(status.signed)))
        case .news(.verdict(let verdict)): Verified(checked: .news(.verdict(verdict.signed)))
        case .news(.departure(let departure)): Verified(checked: .news(.departure(departure.signed)))
        case .announcement(let announcement): Verified(checked: .announcement(announcement.signed))
        case .withdrawal(let withdrawal): Verified(checked: .withdrawal(withdrawal.signed))
        }
    }
}
