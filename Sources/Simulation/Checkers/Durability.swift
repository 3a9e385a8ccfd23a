internal import Allowance
internal import Catalogue
internal import Overlay
internal import Primitives

/// What reveals something waits until that is durable: so a crash never takes back what others were told.
enum Durability: Checker {
    static let name = "durability"

    /// The doors are told of leases.
    static func check(extending totals: ClassTotals, leased: ClassTotals?) -> String? {
        guard let leased else { return "spends a lease that is not on its disk" }
        let kind = TrafficClass.allCases.first { totals[$0] > leased[$0] }
        return kind.map { "spends a lease of \($0) that is not on its disk" }
    }

    /// The node says what it holds.
    static func check(announcing announcement: Announcement, held: Holding?) -> String? {
        switch announcement.state {
        case .complete, .leaving:
            held?.isComplete == true ? nil : "says that it has \(announcement.file.brief), which is not on its disk"
        case .filling:
            held == nil ? "says that it fills \(announcement.file.brief), of which no record is on its disk" : nil
        case .gone: nil
        }
    }

    /// The node tells others that it took something back.
    static func check(telling withdrawal: Withdrawal, remembered: RememberedWithdrawal?) -> String? {
        let isKept = remembered.map { $0.statement.value.sequence >= withdrawal.sequence } ?? false
        return isKept ? nil : "tells that it took back \(withdrawal.file.brief), which is not on its disk"
    }

    /// The node tells others what it offers.
    static func check(telling posting: Posting, held: Holding?) -> String? {
        let isKept = held.map { $0.manifest.value.posting.sequence >= posting.sequence } ?? false
        return isKept ? nil : "tells that it offers \(posting.file.brief), which is not on its disk"
    }

    /// The bytes of a file go.
    static func check(discarding file: FileID, held: Holding?) -> String? {
        held == nil ? nil : "throws away \(file.brief), of which a record is on its disk"
    }
}
