internal import Catalogue
internal import Overlay
internal import Primitives

/// What nodes write, and read back.
extension VirtualNetwork {
    /// How long a disk that refused is left alone (`Scribe`).
    private static let retryDelay = Duration.seconds(1)

    private mutating func writingTime(at index: Int) -> Duration {
        Conditions.draw(conditions.writing, using: &nodes[index].chance) * nodes[index].troubles.slowness
    }

    mutating func write(_ run: Run) {
        schedule(.written(run), after: writingTime(at: run.node))
    }

    mutating func written(_ run: Run) {
        guard isRunning(run) else { return }
        let isFull = nodes[run.node].troubles.isDiskFull
        let records = isFull ? [] : nodes[run.node].disk.writing.flatMap(\.records)
        let then = nodes[run.node].disk.finish(isRefused: isFull)
        observe(records, writtenBy: run.node)
        checkGivenUp(at: run.node)
        if isFull {
            schedule(.writeAgain(run), after: Self.retryDelay)
        } else if nodes[run.node].disk.beginNext() {
            write(run)
        } else {
            checkers.tombstones.settled(run.node)
        }
        perform(then, of: run)
    }

    mutating func writeAgain(_ run: Run) {
        guard isRunning(run), nodes[run.node].disk.beginNext() else { return }
        write(run)
    }

    // MARK: Files

    /// There is room for every file that a budget allows, unless others have filled the disk.
    mutating func prepare(_ manifest: Manifest, at run: Run) {
        guard !nodes[run.node].troubles.isDiskFull || nodes[run.node].disk.isPrepared(manifest.file) else {
            return schedule(.event(.noRoom(manifest.file), run), after: .milliseconds(1))
        }
        nodes[run.node].disk.prepare(manifest)
        schedule(.event(.prepared(manifest.file), run), after: .milliseconds(1) * nodes[run.node].troubles.slowness)
    }

    /// Pieces are written, into room that was reserved for them; returns when they are durable, one after the other.
    mutating func write(_ pieces: Range<Int>, of file: FileID, at index: Int) -> Instant {
        nodes[index].disk.write(pieces, of: file)
        let time = Conditions.draw(.microseconds(500) ... .milliseconds(2), using: &nodes[index].chance)
        let durable = max(nodes[index].disk.synchronisedAt, now + time * nodes[index].troubles.slowness)
        nodes[index].disk.synchronisedAt = durable
        return durable
    }

    mutating func synchronised(_ fetch: FetchID, _ file: FileID, _ pieces: Range<Int>, at run: Run) {
        guard isRunning(run) else { return }
        nodes[run.node].disk.synchronise(pieces, of: file)
        deliver(.stored(fetch, pieces), to: run)
    }

    mutating func complete(_ file: FileID, at run: Run) {
        let pause = Duration.milliseconds(5) * nodes[run.node].troubles.slowness
        guard let bytes = nodes[run.node].disk.bytes[file], bytes.isFull,
            let posting = nodes[run.node].disk.holdings[file]?.manifest.value.posting
        else {
            judge(WholeFiles.self, at: run.node, WholeFiles.check(isComplete: false))
            return schedule(.event(.damaged(file), run), after: pause)
        }
        schedule(.event(.completed(file, sha256: posting.sha256), run), after: pause)
    }
}
