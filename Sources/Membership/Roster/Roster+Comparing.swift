internal import Primitives

/// Finding what was missed: first one hash over all that should be everywhere, then one for each bucket of members,
/// then a few bytes for each member in the buckets that differ.
extension Roster {
    mutating func compareQuiet(
        _ pulse: Pulse, on index: Int, isSettled: Bool, at now: Instant, _ effects: inout Effects
    ) {
        guard isSettled else { return }
        guard table.quietHash(at: pulse.minute, age: settings.quietAge) != pulse.quietHash else {
            table[edge: index].mismatches = 0
            table[edge: index].isDoubtful = false
            return
        }
        table[edge: index].mismatches += 1
        let isDoubtful = table[edge: index].isDoubtful
        let isRested = table[edge: index].compared.map { now - $0 >= interval(of: index) * settings.bucketSpacing }
        guard isDoubtful || table[edge: index].mismatches >= settings.mismatches && isRested ?? true else { return }
        table[edge: index].mismatches = 0
        table[edge: index].isDoubtful = false
        table[edge: index].compared = now
        let hashes = table.bucketHashes(at: pulse.minute, age: settings.quietAge)
        effects.append(
            .send(Envelope(.buckets(minute: pulse.minute, hashes: hashes)), to: table.members.id(index)))
    }

    mutating func received(
        minute: UInt32, hashes: [UInt32], from index: Int, at now: Instant, _ effects: inout Effects
    ) {
        let own = table.bucketHashes(at: minute, age: settings.quietAge)
        var differing = BucketSet()
        for bucket in 0..<BucketSet.count where own[bucket] != hashes[bucket] { differing.insert(UInt8(bucket)) }
        table[edge: index].questioned = now
        sendRows(of: differing, at: minute, isQuestion: true, to: index, &effects)
    }

    /// The other end listed what it holds in some buckets.
    mutating func received(_ rows: RowDigests, from index: Int, at now: Instant, _ effects: inout Effects) {
        // Only as the answer to a question: it makes this node send much.
        let asked = rows.isQuestion ? table[edge: index].compared : table[edge: index].questioned
        guard let asked, now - asked < interval(of: index) else { return }
        let own = table.rows(in: rows.buckets, at: rows.minute, age: settings.quietAge)
        var theirs: [UInt32: UInt32] = [:]
        for row in rows.rows { theirs[row.id] = row.hash }
        let member = table.members.ids[index]
        for (id, row) in own where id != member {
            let hash = theirs[row.id] ?? 0
            guard hash != row.hash else { continue }
            enqueue(id, hasCard: hash >> 16 == row.hash >> 16, on: index)
        }
        if rows.isQuestion { sendRows(of: rows.buckets, at: rows.minute, isQuestion: false, to: index, &effects) }
        if !table[edge: index].catchUp.isEmpty { hasten(index, at: now) }
    }

    /// As many buckets as fit some datagrams; the rest is found by the next comparison.
    private mutating func sendRows(
        of buckets: BucketSet, at minute: UInt32, isQuestion: Bool, to index: Int, _ effects: inout Effects
    ) {
        var digests = RowDigests(minute: minute, buckets: BucketSet(), rows: [], isQuestion: isQuestion)
        var sent = 0
        let id = table.members.id(index)
        // Not always the same first, where one is too full to be told.
        let first = Int.random(in: 0..<BucketSet.count, using: &generator)
        for offset in 0..<BucketSet.count {
            let bucket = UInt8((first + offset) % BucketSet.count)
            guard buckets.contains(bucket) else { continue }
            var one = BucketSet()
            one.insert(bucket)
            let rows = table.rows(in: one, at: minute, age: settings.quietAge).prefix(RowDigests.limit).map(\.row)
            if digests.rows.count + rows.count > RowDigests.limit {
                effects.append(.send(Envelope(.rows(digests)), to: id))
                digests = RowDigests(minute: minute, buckets: BucketSet(), rows: [], isQuestion: isQuestion)
                sent += 1
                guard sent < settings.rowsAtOnce else {
                    table[edge: index].isDoubtful = true
                    return
                }
            }
            digests.buckets.insert(bucket)
            digests.rows += rows
        }
        if !digests.buckets.isEmpty { effects.append(.send(Envelope(.rows(digests)), to: id)) }
    }
}
