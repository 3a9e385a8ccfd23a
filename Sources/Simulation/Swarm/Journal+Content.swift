internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives
internal import Routing

/// What nodes are told and what they do, in bytes: what differs anywhere differs there.
extension WireWriter {
    /// What comes seldom, in the words of the log; not what has sizes, which are rounded there.
    mutating func write(told value: Any) { write(raw: "\(value)".utf8) }

    mutating func write(_ pieces: Range<Int>, of file: FileID) {
        write(file)
        write(UInt64(pieces.lowerBound))
        write(UInt64(pieces.upperBound))
    }

    // MARK: Actions

    mutating func write(_ action: Overlay::Action) {
        switch action {
        case .persist(let records, let then):
            tag(1, UInt64(records.count))
            for record in records { write(record) }
            for action in then { write(action) }
        case .send(let envelope, let receiver):
            tag(2, receiver.short.word)
            write(envelope)
        case .call(let id, let request, let receiver):
            tag(3, id.number)
            write(receiver)
            write(request)
        case .answer(let id, let answer):
            tag(4, id.number)
            write(answer)
        case .prove(let member): tag(5, member.short.word)
        case .sign(let draft):
            tag(6)
            write(draft)
        case .learn(let card):
            tag(7)
            write(card.value)
        case .prepare(let manifest):
            tag(8)
            write(manifest)
        case .fetch(let id, let file, let pieces, let holder):
            tag(9, id.number)
            write(pieces, of: file)
            write(holder)
        case .complete(let file):
            tag(10)
            write(file)
        case .discard(let file):
            tag(11)
            write(file)
        case .extend(let totals):
            tag(12)
            write(totals)
        case .endPeriod: tag(13)
        case .beginPeriod(let terms, let totals):
            tag(14)
            write(terms)
            write(totals)
        case .amendTerms(let terms):
            tag(15)
            write(terms)
        case .route(let change):
            tag(16)
            write(change)
        case .resolved(let file, let outcome):
            tag(17)
            write(file)
            write(told: outcome)
        case .progress(let file):
            tag(18)
            write(file)
        case .left: tag(19)
        case .notice(let notice):
            tag(20)
            write(told: notice)
            if case .shareTaken(_, _, let size) = notice { write(size) }
        }
    }

    private mutating func tag(_ kind: UInt8, _ number: UInt64 = 0) {
        write(kind)
        write(number)
    }

    private mutating func write(_ draft: Draft) {
        switch draft {
        case .news(let news):
            tag(1)
            write(news)
        case .announcement(let announcement):
            tag(2)
            write(announcement)
        case .withdrawal(let withdrawal):
            tag(3)
            write(withdrawal)
        }
    }

    // MARK: Records

    private mutating func write(_ record: Record) {
        switch record {
        case .member(.news(let news)):
            tag(1)
            write(news.value)
        case .member(.forget(let id)): tag(2, id.short.word)
        case .member(.ownVersion(let version)): tag(3, version)
        case .holding(let record): write(record)
        case .ledger(let state):
            tag(4)
            write(state.period)
            write(state.leased)
        }
    }

    private mutating func write(_ record: HoldingRecord) {
        switch record {
        case .holding(let holding):
            tag(5, holding.isOwn ? 1 : 0)
            write(holding.manifest.value)
            write(holding.pieces)
            write(holding.sha256)
        case .pieces(let file, let pieces):
            tag(6)
            write(file)
            write(pieces)
        case .complete(let file, let sha256):
            tag(7)
            write(file)
            write(sha256)
        case .removed(let file):
            tag(8)
            write(file)
        case .withdrawal(let withdrawal):
            tag(9, withdrawal.isEffective ? 1 : 0)
            write(withdrawal.statement.value)
        case .withdrawalForgotten(let file, let publisher):
            tag(10, publisher.short.word)
            write(file)
        case .withdrawalOwed(let withdrawal):
            tag(11)
            write(withdrawal)
        case .withdrawalSettled(let file):
            tag(12)
            write(file)
        case .denial(let denial):
            tag(13)
            write(told: denial)
        case .denialLifted(let denial):
            tag(14)
            write(told: denial)
        }
    }

    // MARK: Accounts

    private mutating func write(_ period: Period) {
        write(period.starts)
        write(period.ends)
    }

    private mutating func write(_ totals: ClassTotals) { for kind in TrafficClass.allCases { write(totals[kind]) } }

    private mutating func write(_ terms: Terms) {
        write(terms.share)
        for kind in TrafficClass.allCases { write(terms.ceiling(kind)) }
    }

    private mutating func write(_ usage: Usage) {
        write(usage.terms)
        for totals in [usage.spent, usage.reserved, usage.durable, usage.wanted] { write(totals) }
        write(usage.era)
        write(usage.isStuck)
        write(usage.isSuspended)
    }

    private mutating func write(_ digest: Bytes32?) {
        write(digest != nil)
        if let digest { write(digest) }
    }

    // MARK: Routes

    private mutating func write(_ change: RoutingChange) {
        switch change {
        case .node(let node): write(node)
        case .nodeGone(let id): tag(2, id.short.word)
        case .file(let file): write(file)
        case .fileEnded(let file, let absence):
            tag(4)
            write(file)
            write(told: absence)
        case .fileGone(let file):
            tag(5)
            write(file)
        }
    }

    private mutating func write(_ node: RoutingNode) {
        tag(1, node.id.short.word)
        write(node.url)
        write(optional: node.place)
        write(optional: node.coordinate)
        for size in [node.remaining, node.share] { write(size) }
        for flag in [node.isAlive, node.isPassedOver, node.isProven] { write(flag) }
        for byte in [node.load, node.families.rawValue] { write(byte) }
        write(node.statusVersion)
    }

    private mutating func write(_ file: RoutingFile) {
        tag(3, file.publisher.short.word)
        write(file.id)
        write(file.length)
        for text in [file.name, file.mediaType] { write(text) }
        write(told: file.vouched)
        write(UInt64(file.holders.count))
        for holder in file.holders {
            write(holder.id)
            write(holder.isComplete)
        }
        if case .filling(let size, _) = file.own { write(size) }
        write(told: file.own)
        write(file.sha256)
    }

    // MARK: Events

    mutating func write(_ event: Overlay::Event) {
        switch event {
        case .start(let time, let isConfirmed):
            tag(1, isConfirmed ? 1 : 0)
            write(time)
        case .wake: tag(2)
        case .wallClock(let time, let isConfirmed):
            tag(3, isConfirmed ? 1 : 0)
            write(time)
        case .period(let period):
            tag(4)
            write(period)
        case .leaseLow(let usage):
            tag(5)
            write(usage)
        case .remaining(let size):
            tag(6)
            write(size)
        case .stop(let usage):
            tag(7)
            write(usage)
        case .measured(let freeDisk, let load):
            tag(8, UInt64(load))
            write(freeDisk)
        case .redirected(let redirects):
            tag(9)
            for redirected in redirects {
                write(redirected.node)
                write(redirected.size)
                write(redirected.perSecond)
            }
        case .datagram(let envelope, let sender):
            tag(10, sender.short.word)
            write(envelope.value)
        case .asked(let request, let asker, let id):
            tag(11, id.number)
            write(asker)
            write(request.value)
        case .answered(let call, let answer):
            tag(12, call.number)
            write(answer.value)
        case .failed(let call, let failure):
            tag(13, call.number)
            write(told: failure)
        case .proved(let member, let outcome):
            tag(14, member.short.word)
            write(outcome.rawValue)
        case .signed(let draft):
            tag(15)
            write(draft.value)
        case .admitted(let card, let news):
            tag(16)
            write(card.value)
            write(list: news.map(\.value))
        case .told(let card):
            tag(17)
            write(card.value)
        case .renewed(let card):
            tag(18)
            write(card.value)
        case .leave(let moment): tag(19, UInt64(bitPattern: moment.nanoseconds))
        case .posted(let manifest, let sha256):
            tag(20)
            write(manifest.value)
            write(sha256)
        case .withdraw(let file):
            tag(21)
            write(file)
        case .deny(let denial):
            tag(22)
            write(told: denial)
        case .allow(let denial):
            tag(23)
            write(told: denial)
        case .wanted(let file):
            tag(24)
            write(file)
        case .prepared(let file):
            tag(25)
            write(file)
        case .noRoom(let file):
            tag(26)
            write(file)
        case .stored(let fetch, let pieces):
            tag(27, fetch.number)
            write(told: pieces)
        case .fetchEnded(let fetch, let outcome):
            tag(28, fetch.number)
            write(told: outcome)
        case .completed(let file, let sha256):
            tag(29)
            write(file)
            write(sha256)
        case .damaged(let file):
            tag(30)
            write(file)
        case .readable(let file, let isReadable):
            tag(31, isReadable ? 1 : 0)
            write(file)
        }
    }
}
