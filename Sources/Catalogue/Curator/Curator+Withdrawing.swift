internal import OrderedCollections
internal import Primitives

/// A publisher takes a file back: its trackers remember that and see to it that nobody holds the file any more.
extension Curator {
    /// The operator takes back what was posted here.
    mutating func withdraw(_ file: FileID) {
        guard let wall, let posting = ownPosting(of: file) else { return }
        turn.actions.append(.signWithdrawal(takingBack(posting, at: wall)))
    }

    /// What was posted before stays true wherever a node that was away has it on disk. If it would do so for longer
    /// than the posting that replaces it, it is taken back, so that it ends everywhere when that one does.
    func shortening(_ replaced: Posting, to posting: Posting) -> Withdrawal? {
        guard let wall, let expires = posting.expires, replaced.sequence < posting.sequence,
            replaced.expires.map({ $0 > expires }) ?? true
        else { return nil }
        return takingBack(replaced, at: wall)
    }

    /// Takes back this posting of this node, and all before it: remembered for as long as any of them would be true.
    private func takingBack(_ posting: Posting, at wall: WallTime) -> Withdrawal {
        let draft = Withdrawal(of: posting, at: wall)
        var keptUntil = draft.keptUntil
        let signed = withdrawals[posting.file].first { $0.publisher == own }?.statement.value
        for earlier in [signed, owed[posting.file]] {
            guard let earlier, let until = keptUntil else { continue }
            keptUntil = earlier.keptUntil.map { max($0, until) }
        }
        return Withdrawal(file: draft.file, publisher: own, sequence: draft.sequence, at: wall, keptUntil: keptUntil)
    }

    /// After a restart: what was posted for longer and replaced just before is taken back after all.
    mutating func signOwed() {
        for file in owed.ids {
            guard let draft = owed[file] else { continue }
            if let confirmedWall, let until = draft.keptUntil, until <= confirmedWall {
                settle(file)
            } else {
                turn.actions.append(.signWithdrawal(draft))
            }
        }
    }

    private mutating func settle(_ file: FileID) {
        owed[file] = nil
        turn.actions.append(.persist([.withdrawalSettled(file)], then: []))
    }

    func ownPosting(of file: FileID) -> Posting? {
        files[file]?.postings.first { $0.value.publisher == own }?.value
    }

    /// Others are told with the next announcement, which waits until the withdrawal is durable.
    mutating func withdrawalSigned(_ withdrawal: Verified<Withdrawal>) {
        let file = withdrawal.value.file
        guard withdrawal.value.publisher == own else { return }
        let isKept = keep(withdrawal)
        // Not before it is remembered.
        if let draft = owed[file], draft.sequence <= withdrawal.value.sequence { settle(file) }
        guard isKept, let draft = draft(file) else { return }
        turn.actions.append(.persist([], then: [.sign(draft)]))
    }

    /// Remembers a withdrawal, with all that follows from it. False when it is no news, or there is no room. It is made
    /// durable before what follows: a crash between the two must not leave the file withdrawn here and offered
    /// elsewhere.
    @discardableResult
    mutating func keep(_ withdrawal: Verified<Withdrawal>) -> Bool {
        let value = withdrawal.value
        if let confirmedWall, let until = value.keptUntil, until <= confirmedWall { return false }
        let isEffective = files[value.file]?.isPublisher(value.publisher) ?? false
        let (kept, forgotten) = withdrawals.insert(RememberedWithdrawal(withdrawal, isEffective: isEffective))
        for other in forgotten { touch(other.value.file) }
        guard let kept else { return false }
        turn.actions.append(.persist(forgotten.map(\.forgetting) + [.withdrawal(kept)], then: []))
        if withdrawals.told(of: value.file).isEmpty {
            withdrawals.setTold(members.trackers(of: value.file), of: value.file)
        }
        noteEnd(value.keptUntil)
        apply(withdrawal)
        return true
    }

    /// The postings that it names are void.
    private mutating func apply(_ withdrawal: Verified<Withdrawal>) {
        let file = withdrawal.value.file
        guard var entry = files[file] else { return touch(file) }
        let before = entry.postings.count
        entry.postings.removeAll { withdrawal.value.voids($0.value) }
        guard entry.postings.count < before else { return touch(file) }
        files[file] = entry
        review(file)
    }

    /// Keeps what a look-up brought only as long as the file that was looked up.
    mutating func noteWithdrawals(_ heard: [Verified<Withdrawal>], of file: FileID) {
        for withdrawal in heard where files[file] != nil {
            let known = files[file]?.withdrawals.first { $0.value.publisher == withdrawal.value.publisher }
            guard known.map({ $0.value.sequence < withdrawal.value.sequence }) ?? true else { continue }
            files[file]?.withdrawals.removeAll { $0.value.publisher == withdrawal.value.publisher }
            guard files[file]?.withdrawals.count ?? 0 < limits.withdrawalsPerFile else { continue }
            files[file]?.withdrawals.append(withdrawal)
            apply(withdrawal)
        }
    }

    /// Whether it is this node's business to remember withdrawals of the file: it knows it, or is one of its trackers,
    /// as one or the other member may see it.
    func isConcerned(with file: FileID) -> Bool {
        files[file] != nil || members.isNearTracker(own, of: file)
    }

    // MARK: Trackers

    /// What a tracker does about a file that is not offered any more: holders that have not given it up are told why
    /// they should, by the first tracker at once, by the others if it did not help.
    mutating func recall(_ file: FileID) {
        guard let entry = files[file], var placement = entry.placement else { return }
        if let lookAt = placement.lookAt, lookAt <= now { placement.lookAt = nil }
        let holders = entry.holders.map(\.holder).filter { $0 != own && members.isAlive($0) }
        guard !holders.isEmpty, !withdrawals[file].isEmpty else {
            files[file]?.placement = nil
            return letGo(file)
        }
        guard let rank = members.trackers(of: file).firstIndex(of: own) else {
            prepareToRetire(file, &placement)
            files[file]?.placement = placement
            return
        }
        placement.retiresAt = nil
        let recallAt = placement.recallAt ?? now + settings.nudgeDelay * rank
        let isDue = recallAt <= now
        placement.recallAt = isDue ? now + settings.recallPause : recallAt
        look(file, at: placement.recallAt ?? recallAt, unless: &placement)
        files[file]?.placement = placement
        guard isDue else { return }
        for holder in holders { send(file, to: holder, everything: true) }
    }

    /// Whoever remembers a withdrawal hands it to members that become trackers of the file.
    mutating func followWithdrawals(_ id: NodeID) {
        for file in withdrawals.files {
            let known = withdrawals.told(of: file)
            guard Rendezvous.isConcerned(known, by: id, for: file) else { continue }
            let trackers = members.trackers(of: file)
            withdrawals.setTold(trackers, of: file)
            for tracker in trackers where tracker != own && !known.contains(tracker) {
                send(file, to: tracker, everything: true)
            }
        }
    }

    /// After a restart: trackers may have changed meanwhile. What this node itself withdrew it tells them again.
    mutating func restoreWithdrawals() {
        for file in withdrawals.files {
            let trackers = members.trackers(of: file)
            withdrawals.setTold(trackers, of: file)
            guard withdrawals.sequence(of: file, by: own) != nil else { continue }
            for tracker in trackers where tracker != own { send(file, to: tracker, everything: true) }
        }
        noteEnd(withdrawals.soonestEnd)
    }
}
