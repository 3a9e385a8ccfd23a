import Overlay
import Primitives

extension TrustedClock.Reading {
    /// What the operator is told while a new period that is due may not begin yet, though the clock is believed.
    var sentenceOfWaiting: String {
        "A new period of the allowance is due, and begins, with files for clients, within \(lead.inWords): so far ahead may "
            + "a clock be that nobody keeps right. Wait, or let the machine's clock be kept right by NTP."
    }
}

extension TrustedClock.Doubt {
    /// What the operator is told.
    var sentence: String {
        switch self {
        case .unheard:
            "A new period of the allowance is due by the clock, and begins, with files for clients, once neighbours agree; wait "
                + "at most \(StartCheck.patience.inWords), or let the machine's clock be kept right by NTP."
        case .neighbours(let gap, let count):
            "The clock is \(gap.inWords) \(gap > .zero ? "ahead of" : "behind") what \(count) "
                + "\(count == 1 ? "neighbour says" : "neighbours say"), and no new period of the allowance begins by it; set "
                + "the clock right."
        case .jump(let gap):
            "The clock was set \(gap > .zero ? "ahead" : "back") by \(gap.inWords) while the node ran, and no new "
                + "period of the allowance begins by it; set the clock right, or restart the node if it is right."
        }
    }
}
