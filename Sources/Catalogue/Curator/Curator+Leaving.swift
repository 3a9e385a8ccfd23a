internal import OrderedCollections
internal import Primitives

/// This node is about to leave: what it holds is to be in other hands first.
extension Curator {
    struct Leaving: Sendable {
        enum Stage: Sendable {
            /// Others copy what is here, until then at the latest.
            case handingOver(until: Instant)
            /// The trackers are told that nothing is here any more, until then at the latest.
            case sayingGoodbye(until: Instant)
            case gone
        }

        var stage: Stage
        /// Whole files that were here.
        let files: Int
        /// Those that had not found another holder when that was last looked at; the one to look at next first.
        var left: [FileID]
    }

    mutating func leave(by deadline: Instant) {
        guard leaving == nil, clock != nil else { return }
        // Nobody counts on what is not whole yet.
        for file in files.ids {
            if let holding = files[file]?.holding { if !holding.isComplete { giveUp(file) } } else { abandon(file) }
        }
        let held = files.ids.filter { files[$0]?.holding != nil }
        leaving = Leaving(stage: .handingOver(until: deadline), files: held.count, left: held)
        for file in held where files[file]?.confirmation == nil { announce(file) }
        agenda.add(.leave, at: now)
    }

    mutating func goOnLeaving() {
        switch leaving?.stage {
        case .handingOver(let deadline):
            lookHandedOver()
            if now < deadline, notHandedOver > 0 {
                agenda.add(.leave, at: min(deadline, now + settings.leavingPause))
            } else {
                sayGoodbye()
            }
        case .sayingGoodbye(let deadline):
            if now < deadline, outboxes.values.contains(where: { !$0.files.isEmpty || $0.isUnderWay }) {
                agenda.add(.leave, at: min(deadline, now + settings.leavingPause))
            } else {
                leaving?.stage = .gone
                turn.actions.append(.left)
            }
        case .gone, nil: break
        }
    }

    private mutating func sayGoodbye() {
        let held = files.ids.filter { files[$0]?.holding != nil }
        let handedOver = Set(held.filter { isHandedOver($0) })
        leaving?.stage = .sayingGoodbye(until: now + settings.goodbyePatience)
        for file in held {
            // What others hold is theirs; what nobody took over stays on this disk, in case the node comes back.
            if handedOver.contains(file), files[file]?.holding?.isOwn == false { giveUp(file) } else { announce(file) }
        }
        // The announcements are still to be signed.
        agenda.add(.leave, at: held.isEmpty ? now : now + settings.leavingPause)
    }

    /// Whole files here that have not found another holder yet.
    var notHandedOver: Int { leaving?.left.count ?? 0 }

    /// Looks at some files, since each may have to be held against every member: who is in other hands is looked at no
    /// more before goodbye.
    private mutating func lookHandedOver() {
        guard var left = leaving?.left else { return }
        let looked = left.prefix(settings.leavingLooks)
        left.removeFirst(looked.count)
        left += looked.filter { files[$0]?.holding != nil && !isHandedOver($0) }
        leaving?.left = left
    }

    /// As many others hold all of it as are wanted, or as could; and, unless it stays here as this node's own, at least
    /// one.
    private func isHandedOver(_ file: FileID) -> Bool {
        guard let entry = files[file], let posting = leading(entry)?.value else { return true }
        let named = entry.holders.filter { heard in
            heard.state == .complete && heard.holder != own && members.isAlive(heard.holder)
        }.map(\.holder)
        let whole = named.filter { isBelieved($0, of: entry) }
        guard entry.holding?.isOwn == true || !whole.isEmpty else { return false }
        let holders = whole.filter { !entry.isPublisher($0) && isVouched($0, entry) }
        guard holders.count < Int(posting.replicas) else { return true }
        return !members.contains { member in
            member.id != own && member.remaining >= posting.length && member.freeDisk >= posting.length
                && members.isAlive(member.id) && !entry.isPublisher(member.id)
                && posting.audience.vouches(for: member.id) && !named.contains(member.id) && !isNotorious(member.id)
        }
    }
}
