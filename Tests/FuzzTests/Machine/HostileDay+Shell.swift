import Allowance
import Catalogue
import Membership
import Overlay
@_spi(Verification) import Primitives

/// What the node's own shell reports: late, out of order, failing, but never a lie.
extension HostileDay {
    /// Files whose pieces lead to their FileIDs.
    struct Item {
        let file: FileID
        let length: ByteCount
        let pieces: [Bytes32]
    }

    static let hoard: [Item] = [0, 1, 1 << 18, (1 << 20) + 7, 3 << 20, 70 << 20].map { (length: Int64) in
        let geometry = PieceGeometry(length: ByteCount(length))
        let pieces = (0..<UInt64(geometry.count)).map { Bytes32(Generator.mix($0), 1, 2, UInt64(length)) }
        return Item(file: FileID(geometry: geometry, pieces: pieces), length: ByteCount(length), pieces: pieces)
    }

    mutating func signDraft() throws {
        guard !drafts.isEmpty else { return }
        // In their order, as the shell signs them.
        let draft = drafts.removeFirst()
        switch draft {
        case .news(let news): said.append(news)
        case .announcement(let announcement): announced.append(announcement)
        case .withdrawal: break
        }
        try deliver(.signed(Verified(checked: draft)))
    }

    mutating func reportTransfer() throws {
        switch choices.below(8) {
        case 0, 1, 2:
            guard !fetches.isEmpty else { return }
            let index = choices.below(fetches.count)
            let fetch = fetches[index]
            if choices.bool() {
                let piece = fetch.pieces.lowerBound + choices.below(fetch.pieces.count)
                return try deliver(.stored(fetch.id, fetch.pieces.lowerBound..<piece + 1))
            }
            fetches.remove(at: index)
            if choices.below(4) > 0 {
                try deliver(.stored(fetch.id, fetch.pieces))
                return try deliver(.fetchEnded(fetch.id, .finished))
            }
            let outcome: FetchOutcome = choices.pick([
                .finished, .unavailable, .failed, .corrupt(piece: fetch.pieces.lowerBound), .unwritable,
            ])
            try deliver(.fetchEnded(fetch.id, outcome))
        case 3, 4:
            guard !preparing.isEmpty else { return }
            let file = preparing.removeFirst()
            try deliver(choices.below(4) == 0 ? .noRoom(file) : .prepared(file))
        case 5:
            guard !completing.isEmpty else { return }
            let file = completing.removeFirst()
            try deliver(choices.below(4) == 0 ? .damaged(file) : .completed(file, sha256: .zero))
        case 6:
            let denial: Denial = choices.bool() ? .file(anyFile()) : .publisher(choices.pick(Self.others))
            switch choices.below(5) {
            case 0: try deliver(.withdraw(anyFile()))
            case 1: try deliver(.deny(denial))
            case 2: try deliver(.allow(denial))
            default: try deliver(.wanted(anyFile()))
            }
        default:
            try post()
        }
    }

    private mutating func post() throws {
        let item = choices.pick(Self.hoard)
        let posting = Posting(
            file: item.file, publisher: Self.own, length: item.length, name: "own", mediaType: "a/b", sha256: .zero,
            audience: .network, replicas: choices.byte(), postedAt: wall, expires: nil,
            sequence: UInt64(wall.milliseconds))
        guard let posting else { preconditionFailure("a posting within its limits") }
        let manifest = Verified(checked: Manifest(posting: posting, pieces: item.pieces))
        try deliver(.posted(manifest, sha256: .zero))
    }

    mutating func reportMachine() throws {
        switch choices.below(9) {
        case 0: try deliver(.measured(freeDisk: anyCount(), load: choices.byte()))
        case 1: try deliver(.remaining(anyCount()))
        case 2:
            // The clock may be set to anything from 1970 to the year 9000: the wire ends soon after that.
            wall = WallTime(milliseconds: Int64(choices.number(below: 221_845_392_000_000)))
            try deliver(.wallClock(wall))
        case 3: try deliver(.wallClock(wall))
        case 4:
            let starts = WallTime(milliseconds: Int64(choices.number(below: 253_402_300_800_000)))
            try deliver(.period(Period(starts: starts, ends: starts + .seconds(3600))))
        case 5: try deliver(.damaged(anyFile()))
        case 6:
            var news: [Verified<News>] = []
            for id in choices.some(Self.others, most: 8) {
                news.append(Verified(checked: .card(Self.card(of: id, version: anyVersion()))))
            }
            try deliver(.admitted(Verified(checked: Self.card(of: Self.own, version: anyVersion())), news))
        case 7:
            guard !proving.isEmpty else { return }
            let id = proving.removeFirst()
            try deliver(.proved(id, choices.pick(Reached.Outcome.allCases)))
        default:
            guard choices.below(8) == 0, !hasLeft else { return try decide() }
            hasLeft = true
            try deliver(.leave(by: now + .seconds(choices.pick([0, 60, 3600]))))
        }
    }
}
