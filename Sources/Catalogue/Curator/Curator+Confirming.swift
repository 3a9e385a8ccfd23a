internal import OrderedCollections
internal import Primitives

/// After a restart: what is held for others is not served before a tracker was asked whether it is still offered. What
/// was withdrawn meanwhile is never served again. Where nobody else is there it is served at once.
///
/// A tracker that remembers a withdrawal may have forgotten, at a restart of its own, who else posted the file: so
/// nothing is given up before every tracker that is there was asked.
///
/// Trackers may be alive and still never answer: their share is spent, or their requests are answered by nobody. Then a
/// file whose last copy is here would be lost to everyone for as long as that lasts, which hurts more than a withdrawn
/// file that is served a little longer. So when `confirmationPatience` is over and each tracker was asked
/// `confirmationTries` times in vain, the file is served, unless a withdrawal is known here. A tracker that hears of it
/// then, by the announcement, says what it remembers, and the file is given up after all.
extension Curator {
    mutating func confirm(_ file: FileID) {
        let trackers = members.trackers(of: file).filter { $0 != own }
        guard !trackers.isEmpty else { return confirmed(file) }
        var confirmation = files[file]?.confirmation ?? Confirmation(waiting: [], began: now)
        let isPatienceOver = now >= confirmation.began + settings.confirmationPatience
        if isPatienceOver, trackers.allSatisfy({ confirmation.asked[$0, default: 0] >= settings.confirmationTries }) {
            return confirmed(file)
        }
        let asked = confirmation.asked
        confirmation.asked = [:]
        for tracker in trackers { confirmation.asked[tracker] = asked[tracker] }
        confirmation.waiting = trackers.reversed()
        confirmation.wasAnswered = false
        confirmation.wasSilent = false
        files[file]?.confirmation = confirmation
        inquireNext(file)
    }

    private mutating func inquireNext(_ file: FileID) {
        guard let confirmation = files[file]?.confirmation else { return }
        if let tracker = confirmation.waiting.last {
            files[file]?.confirmation?.waiting.removeLast()
            files[file]?.confirmation?.underWay += 1
            files[file]?.confirmation?.asked[tracker, default: 0] += 1
            inquiries[tracker, default: Inquiry()].files.append(file)
            turn.inquired.append(tracker)
        } else if confirmation.underWay > 0 {
            return
        } else if confirmation.wasAnswered, !confirmation.wasSilent || stands(file) {
            // Trackers remember withdrawals: of those that are there none knows of one, or none knows who else offers
            // it.
            confirmed(file)
        } else {
            let rest = min(
                settings.firstPause * (1 << min(confirmation.failures, 10)), settings.longestConfirmationPause)
            files[file]?.confirmation?.failures += 1
            agenda.add(.confirm(file), at: now + rest)
        }
    }

    mutating func confirmAgain(_ file: FileID) {
        guard let confirmation = files[file]?.confirmation, confirmation.underWay == 0 else { return }
        confirm(file)
    }

    /// Sends what has gathered, many files in one question.
    mutating func inquire(at tracker: NodeID) {
        guard var inquiry = inquiries[tracker], !inquiry.isUnderWay else { return }
        let asked = Array(inquiry.files.prefix(CatalogueRequest.confirmLimit))
        inquiry.files.removeFirst(asked.count)
        inquiry.isUnderWay = !asked.isEmpty
        inquiries[tracker] = asked.isEmpty ? nil : inquiry
        guard !asked.isEmpty else { return }
        let id = call(.confirm(asked), .confirm(asked), to: tracker)
        agenda.add(.hedgeInquiry(id), at: now + settings.hedgeDelay)
    }

    /// No answer for a while: the next trackers are asked, too.
    mutating func hedgeInquiry(_ id: CallID) {
        guard let call = calls[id], case .confirm(let asked) = call.purpose else { return }
        for file in asked where files[file]?.confirmation?.waiting.isEmpty == false { inquireNext(file) }
    }

    mutating func inquired(_ asked: [FileID], at tracker: NodeID, _ answer: Verified<CatalogueAnswer>?) {
        inquiries[tracker]?.isUnderWay = false
        turn.inquired.append(tracker)
        for file in asked { files[file]?.confirmation?.underWay -= 1 }
        guard let answer, case .confirmed(let postings, let withdrawn, let unknown) = answer.value else {
            for file in asked {
                files[file]?.confirmation?.wasSilent = true
                inquireNext(file)
            }
            return
        }
        // First who else offers it, so that a file that one of two publishers took back is not given up.
        let isAsked = Set(asked)
        for posting in postings where isAsked.contains(posting.file) {
            insert(answer.part { _ in posting }, into: posting.file)
        }
        for withdrawal in withdrawn where isAsked.contains(withdrawal.file) {
            files[withdrawal.file]?.confirmation?.note(
                answer.part { _ in withdrawal }, limit: limits.withdrawalsPerFile)
        }
        let isUnknown = Set(unknown)
        for file in asked {
            if !isUnknown.contains(file), stands(file) {
                confirmed(file)
            } else {
                files[file]?.confirmation?.wasAnswered = true
                inquireNext(file)
            }
        }
    }

    /// Whether a posting is known here that nobody took back, as far as was heard by now.
    private func stands(_ file: FileID) -> Bool {
        guard let entry = files[file] else { return false }
        let heard = entry.confirmation?.withdrawals ?? []
        return inForce(entry).map(\.value).contains { posting in
            mayHold(posting) && !heard.contains { $0.value.voids(posting) }
        }
    }

    private mutating func confirmed(_ file: FileID) {
        guard let confirmation = files[file]?.confirmation else { return }
        files[file]?.confirmation?.isWanted = false
        for withdrawal in confirmation.withdrawals { keep(withdrawal) }
        defer { if confirmation.isWanted { wanted(file) } }
        guard files[file]?.confirmation != nil, let holding = files[file]?.holding else { return believeGone(file) }
        files[file]?.confirmation = nil
        touch(file)
        if holding.isComplete { announce(file) } else { resume(holding) }
    }

    /// What this node, as a tracker, knows of files that a holder asks about.
    func confirmation(of asked: [FileID]) -> CatalogueAnswer {
        var postings: [Posting] = []
        var withdrawn: [Withdrawal] = []
        var unknown: [FileID] = []
        for file in asked.prefix(CatalogueRequest.confirmLimit) {
            let kept = withdrawals[file].prefix(CatalogueAnswer.withdrawalLimit).map(\.statement.value)
            let entry = files[file].flatMap { $0.freshUntil == nil && $0.confirmation == nil ? $0 : nil }
            let isOffered = entry.map { kept.isEmpty || !inForce($0).isEmpty } ?? false
            if !isOffered { unknown.append(file) }
            guard !kept.isEmpty else { continue }
            withdrawn += kept
            postings += (entry?.postings ?? []).prefix(CatalogueAnswer.postingLimit).map(\.value)
        }
        return .confirmed(postings, withdrawn, unknown: unknown)
    }
}
