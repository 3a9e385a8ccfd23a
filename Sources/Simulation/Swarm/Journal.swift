internal import Catalogue
internal import Overlay
internal import Primitives

/// What happened in a world, and what was done about it, one line each, with all that was said and written: of the
/// lines a hash is kept, which tells two runs apart in whatever they differ.
///
/// What is sent counts in full where it is sent; where it arrives, its size does.
struct Journal: Sendable {
    private(set) var digest: UInt64 = 0x9E37_79B9_7F4A_7C15
    private(set) var lines = 0

    /// A line: when, where, what, two numbers that tell it from others, and all else that it says.
    private mutating func note(
        _ at: Instant, _ node: Int, _ word: UInt64, _ first: UInt64 = 0, _ second: UInt64 = 0,
        saying content: (inout WireWriter) -> Void = { _ in }
    ) {
        lines += 1
        for part in [UInt64(bitPattern: at.nanoseconds), UInt64(node) << 8 | word, first, second] { mix(part) }
        var writer = WireWriter()
        content(&writer)
        guard writer.count > 0 else { return }
        mix(UInt64(writer.count))
        writer.bytes.withUnsafeBytes { bytes in
            let whole = bytes.count / 8 * 8
            for place in stride(from: 0, to: whole, by: 8) {
                mix(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            }
            mix(bytes[whole...].reduce(0) { $0 << 8 | UInt64($1) })
        }
    }

    private mutating func mix(_ part: UInt64) {
        digest = (digest ^ part) &* 0x9FB2_1C65_1E98_DF25
        digest ^= digest &>> 29
    }
}

extension Journal {
    /// What the log says beside what nodes do.
    mutating func note(_ line: String, at now: Instant) { note(now, 0, 32) { $0.write(raw: line.utf8) } }

    mutating func note(_ action: Overlay::Action, by node: Int, at now: Instant) {
        note(now, node, 33) { $0.write(action) }
    }

    mutating func note(_ happening: Happening, at now: Instant) {
        switch happening {
        case .event(let event, let run): note(now, run.node, 1) { $0.write(event) }
        case .wake(let run, let moment): note(now, run.node, 2, UInt64(bitPattern: moment.nanoseconds))
        case .rhythm(let run): note(now, run.node, 3)
        case .written(let run): note(now, run.node, 4)
        case .datagram(_, let size, let sender, let receiver):
            note(now, receiver, 5, UInt64(sender), UInt64(bitPattern: size.bytes))
        case .request(_, let size, let caller, let call, let receiver):
            note(now, receiver, 6, UInt64(caller.node) << 32 | UInt64(bitPattern: size.bytes), call.number)
        case .answer(_, let size, let caller, let call):
            note(now, caller.node, 7, UInt64(bitPattern: size.bytes), call.number)
        case .fetch(let fetch, let file, let pieces, let run, let source):
            note(now, source, 8, UInt64(run.node), fetch.number) { $0.write(pieces, of: file) }
        case .sliceBegins(let id, let size): note(now, 0, 9, UInt64(id.number), UInt64(bitPattern: size.bytes))
        case .client(let id, let index): note(now, index, 10, UInt64(id.number))
        case .answered(let id, let outcome): note(now, 0, 11, UInt64(id.number)) { $0.write(told: outcome) }
        case .lookUpOverdue(let id, let run): note(now, run.node, 12, UInt64(id.number))
        case .gaveUp(.client(let id), let index): note(now, index, 28, UInt64(id.number))
        case .gaveUp(.fetch(let id, let run), let index): note(now, index, 29, UInt64(run.node), id.number)
        case .restart(let index): note(now, index, 13)
        case .fault(let fault): note(now, 0, 14) { $0.write(told: fault) }
        case .faultEnds(let id): note(now, 0, 15, UInt64(id.number))
        case .posting(let number): note(now, 0, 16, UInt64(number))
        case .uplink(let index, let version): note(now, index, 17, UInt64(version))
        case .arrived(let arrival):
            note(now, arrival.source, 18, UInt64(arrival.transfer.number), arrival.isBad ? 1 : 0) {
                $0.write(arrival.pieces, of: arrival.file)
            }
        case .synchronised(let fetch, let file, let pieces, let run):
            note(now, run.node, 19, fetch.number) { $0.write(pieces, of: file) }
        case .stalled(let id): note(now, 0, 20, UInt64(id.number))
        case .callFailed(let call, let failure, let run):
            note(now, run.node, 21, call.number) { $0.write(told: failure) }
        case .fetchEnded(let fetch, let outcome, let run):
            note(now, run.node, 22, fetch.number) { $0.write(told: outcome) }
        case .writeAgain(let run): note(now, run.node, 23)
        case .tally(let run): note(now, run.node, 24)
        case .demand(let number): note(now, 0, 25, UInt64(number))
        case .crowd(let number): note(now, 0, 26, UInt64(number))
        case .crowdMember(let number): note(now, 0, 27, UInt64(number))
        }
    }
}
