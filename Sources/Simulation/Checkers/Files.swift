internal import Catalogue
internal import Primitives

/// What is sent is here, and was verified.
enum MissingBytes: Checker {
    static let name = "missing-bytes"

    static func check(isHere: Bool) -> String? { isHere ? nil : "serves bytes that it does not have" }
}

/// What is recorded as here is here; what is called complete is; what is taken for verified was.
enum WholeFiles: Checker {
    static let name = "whole-files"

    static func check(records: [FileID]) -> String? {
        records.isEmpty ? nil : "has records of pieces without their bytes, of \(records.count) files"
    }

    static func check(isComplete: Bool) -> String? { isComplete ? nil : "calls a file complete that is not" }

    /// - Parameter has: the pieces that the node takes for verified.
    static func check(has: Bitfield, bytes: Bitfield?) -> String? {
        let missing = has.runs.contains { bytes?.contains($0) != true }
        return missing ? "takes pieces for verified that its disk does not have" : nil
    }
}

/// Nothing accepted is lost: the last whole copy that the world has of a file that is offered is never given up, and
/// never a publisher's own.
///
/// A file is accepted when its posting is durable where it was posted. Faults are within bounds while some node that is
/// not gone for good has a whole copy on a disk that still reads; where the last such node went for good, or its disk
/// lost the bytes, nobody is to blame, and the file is lost.
struct Copies: Checker {
    static let name = "copies"

    /// A node wants a file gone from its disk, which has not written that down yet.
    struct Parting {
        let isOffered: Bool
        /// Who else had a whole copy then.
        let others: [Int]
    }

    /// Files that no node is to blame for not having any more.
    private(set) var lost: Set<FileID> = []
    private var partings: [Int: [FileID: Parting]] = [:]

    mutating func excuse(_ file: FileID) { lost.insert(file) }

    /// A node begins to give up a file.
    mutating func parts(_ node: Int, with file: FileID, _ parting: Parting) {
        partings[node, default: [:]][file] = parting
    }

    /// What a node wanted gone so far, in the order of the files.
    func parting(_ node: Int) -> [(file: FileID, parting: Parting)] {
        (partings[node] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// It is gone from its disk.
    mutating func parted(_ node: Int, from file: FileID) { partings[node]?[file] = nil }

    /// What was not durable was never wanted.
    mutating func crashed(_ node: Int) { partings[node] = nil }

    /// A node gives up a file.
    /// - Parameters:
    ///   - isOffered: somebody offers it, as far as the world knows.
    ///   - others: nodes that are not gone for good with a whole copy on disk.
    func check(_ file: FileID, isOffered: Bool, isOwn: Bool, others: Int) -> String? {
        guard isOffered, !lost.contains(file) else { return nil }
        if isOwn { return "gives up \(file.brief), which it offers itself" }
        return others == 0 ? "gives up the last whole copy of \(file.brief)" : nil
    }
}

/// Plain clients are served by, and sent to, those whom a publisher of the file vouches for.
struct Audiences: Checker {
    static let name = "audiences"

    /// Every posting that was ever signed and not replaced, by file and publisher.
    private(set) var postings: [FileID: [Posting]] = [:]
    /// Postings that their publisher's operator wants withdrawn, from when on it may be so.
    private(set) var unwanted: [FileID: [Posting]] = [:]
    /// When the last posting of a file was replaced or taken back: until that is known everywhere, the old one counts.
    private var replaced: [FileID: [(posting: Posting, until: Instant)]] = [:]
    /// How many faults keep nodes from reaching each other, and since when some do.
    private var partings = 0
    private var partedSince: Instant?

    /// How long news of a posting may take to reach who decides: as long as a look-up is believed, and a little.
    static let patience = Curator.Settings().settledLifetime + .seconds(60)

    mutating func posted(_ posting: Posting, at now: Instant) {
        retire(posting.file, by: posting.publisher, at: now)
        postings[posting.file, default: []].append(posting)
    }

    mutating func asked(toWithdraw file: FileID, by publisher: NodeID) {
        unwanted[file, default: []] += postings[file]?.filter { $0.publisher == publisher } ?? []
    }

    /// Postings that still count, as far as anybody could wish.
    func wanted(_ file: FileID, at time: WallTime) -> [Posting] {
        (postings[file] ?? []).filter { posting in
            posting.expires.map { $0 > time } ?? true && unwanted[file]?.contains(posting) != true
        }
    }

    mutating func withdrew(_ withdrawal: Withdrawal, at now: Instant) {
        guard postings[withdrawal.file]?.contains(where: { withdrawal.voids($0) }) == true else { return }
        retire(withdrawal.file, by: withdrawal.publisher, at: now)
    }

    private mutating func retire(_ file: FileID, by publisher: NodeID, at now: Instant) {
        let old = postings[file]?.filter { $0.publisher == publisher } ?? []
        postings[file]?.removeAll { $0.publisher == publisher }
        let earlier = (replaced[file] ?? []).filter { counts($0.until, at: now) }
        replaced[file] = earlier + old.map { ($0, now + Self.patience) }
    }

    /// Some nodes do not reach each other from now on: nobody can be expected to hear.
    mutating func parted(at now: Instant) {
        partings += 1
        partedSince = partedSince ?? now
    }

    /// They reach each other again, as far as this fault goes.
    mutating func reunited(at now: Instant) {
        guard let since = partedSince else { return }
        let until = now + Self.patience
        replaced = replaced.mapValues { old in
            old.map { ($0.posting, $0.until >= since ? max($0.until, until) : $0.until) }
        }
        partings -= 1
        if partings == 0 { partedSince = nil }
    }

    private func counts(_ until: Instant, at now: Instant) -> Bool { until >= partedSince ?? now }

    /// - Parameter node: who serves, or is to serve.
    func check(_ file: FileID, by node: NodeID, at now: Instant) -> String? {
        func vouches(_ posting: Posting) -> Bool { posting.publisher == node || posting.audience.vouches(for: node) }
        if postings[file]?.contains(where: vouches) ?? false { return nil }
        if replaced[file]?.contains(where: { counts($0.until, at: now) && vouches($0.posting) }) ?? false { return nil }
        if postings[file]?.isEmpty ?? true { return nil }
        return "is to serve \(file.brief), and no publisher of it vouches for it"
    }
}

/// A client is sent on twice at most, and never to where it was sent before, nor back to who sends it.
enum RedirectChain: Checker {
    static let name = "redirect-chain"
    /// DESIGN, *Routing*.
    static let longest = 2

    /// - Parameter tried: to whom the client was sent before.
    static func check(_ target: ShortID, from sender: ShortID, tried: [ShortID]) -> String? {
        if target == sender { return "sends a client to itself" }
        if tried.contains(target) { return "sends a client where it has been sent before" }
        return tried.count >= longest ? "sends a client on that was sent on \(tried.count) times" : nil
    }
}

extension FileID {
    /// Enough of it to tell files apart in a report.
    var brief: String { String(description.prefix(8)) }
}
