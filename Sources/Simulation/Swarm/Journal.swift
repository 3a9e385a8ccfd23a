internal import Allowance
internal import Catalogue
internal import Membership
internal import Overlay
internal import Primitives

/// What happened in a world, and what was done about it, one line each: of the lines a hash is kept, which tells two
/// runs apart in whatever they differ.
struct Journal: Sendable {
    private(set) var digest: UInt64 = 0x9E37_79B9_7F4A_7C15
    private(set) var lines = 0

    /// A line: when, where, what, and two numbers that tell it from others.
    mutating func note(_ at: Instant, _ node: Int, _ word: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0) {
        lines += 1
        var hash = digest
        for part in [UInt64(bitPattern: at.nanoseconds), UInt64(node) << 8 | word, first, second] {
            hash = (hash ^ part) &* 0x9FB2_1C65_1E98_DF25
            hash ^= hash &>> 29
        }
        digest = hash
    }
}

extension Journal {
    mutating func note(_ happening: Happening, at now: Instant) {
        switch happening {
        case .event(_, let run): note(now, run.node, 1)
        case .wake(let run, let moment): note(now, run.node, 2, UInt64(bitPattern: moment.nanoseconds))
        case .rhythm(let run): note(now, run.node, 3)
        case .written(let run): note(now, run.node, 4)
        case .datagram(_, let size, let sender, let receiver):
            note(now, receiver, 5, UInt64(sender), UInt64(bitPattern: size.bytes))
        case .request(_, let size, let caller, let call, let receiver):
            note(now, receiver, 6, UInt64(caller.node) << 32 | UInt64(bitPattern: size.bytes), call.number)
        case .answer(_, let size, let caller, let call):
            note(now, caller.node, 7, UInt64(bitPattern: size.bytes), call.number)
        case .fetch(let fetch, let file, _, let run, let source):
            note(now, source, 8, UInt64(run.node) << 32 | fetch.number, file.bytes.words.0)
        case .sliceBegins(let id, let size): note(now, 0, 9, UInt64(id.number), UInt64(bitPattern: size.bytes))
        case .uplink(let index, let version): note(now, index, 17, UInt64(version))
        case .arrived(let arrival): note(now, arrival.source, 18, UInt64(arrival.transfer.number))
        case .synchronised(let fetch, let file, _, let run):
            note(now, run.node, 19, fetch.number, file.bytes.words.0)
        case .stalled(let id): note(now, 0, 20, UInt64(id.number))
        case .callFailed(let call, _, let run): note(now, run.node, 21, call.number)
        case .fetchEnded(let fetch, _, let run): note(now, run.node, 22, fetch.number)
        case .writeAgain(let run): note(now, run.node, 23)
        case .client(let id, let index): note(now, index, 10, UInt64(id.number))
        case .answered(let id, _): note(now, 0, 11, UInt64(id.number))
        case .lookUpOverdue(let id, let run): note(now, run.node, 12, UInt64(id.number))
        case .gaveUp(.client(let id), let index): note(now, index, 24, UInt64(id.number))
        case .gaveUp(.fetch(let id, let run), let index): note(now, index, 25, UInt64(run.node), id.number)
        case .restart(let index): note(now, index, 13)
        case .posting(let number), .demand(let number), .crowd(let number), .crowdMember(let number):
            note(now, 0, 16, UInt64(number))
        case .fault: note(now, 0, 14)
        case .faultEnds(let id): note(now, 0, 15, UInt64(id.number))
        case .tally(let run): note(now, run.node, 17)
        }
    }

    mutating func note(_ action: Overlay::Action, by node: Int, at now: Instant) {
        switch action {
        case .persist(let records, let then): note(now, node, 32, UInt64(records.count), UInt64(then.count))
        case .send(let envelope, let receiver): note(now, node, 33, receiver.short.word, UInt64(envelope.news.count))
        case .call(let id, _, let receiver): note(now, node, 34, receiver.short.word, id.number)
        case .answer(let id, _): note(now, node, 35, id.number)
        case .prove(let member): note(now, node, 36, member.short.word)
        case .sign: note(now, node, 37)
        case .learn(let card): note(now, node, 38, card.value.nodeID.short.word, card.value.version)
        case .prepare(let manifest): note(now, node, 39, manifest.file.bytes.words.0)
        case .fetch(let id, let file, let pieces, _):
            note(now, node, 40, file.bytes.words.0, id.number << 32 | UInt64(pieces.lowerBound))
        case .complete(let file): note(now, node, 41, file.bytes.words.0)
        case .discard(let file): note(now, node, 42, file.bytes.words.0)
        case .extend(let totals): note(now, node, 43, UInt64(bitPattern: totals.sum.bytes))
        case .endPeriod: note(now, node, 44)
        case .beginPeriod: note(now, node, 45)
        case .amendTerms: note(now, node, 46)
        case .route: note(now, node, 47)
        case .resolved(let file, _): note(now, node, 48, file.bytes.words.0)
        case .progress(let file): note(now, node, 49, file.bytes.words.0)
        case .left: note(now, node, 50)
        case .notice: note(now, node, 51)
        }
    }
}
