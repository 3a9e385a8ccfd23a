internal import Primitives

/// The nonces of signed requests that could still be replayed, by the minute they claim to be made in: three or four
/// minutes at a time, each of bounded size.
struct NonceMemory {
    /// Nonces remembered per minute: 16 bytes and the set's overhead each.
    let limit: Int
    /// Of these, by one signer.
    let limitPerSigner: Int

    /// A gigabyte in pieces of a mebibyte takes a thousand; all of them full take some 60 MB, while under attack.
    static let members = NonceMemory(limit: 200_000, limitPerSigner: 50_000)
    /// Who does not belong asks once, to join.
    static let strangers = NonceMemory(limit: 2_000, limitPerSigner: 10)

    init(limit: Int, limitPerSigner: Int) {
        self.limit = limit
        self.limitPerSigner = limitPerSigner
    }

    private struct Minute {
        let number: Int64
        var nonces: Set<Nonce> = []
        var counts: [NodeID: Int] = [:]
    }

    private struct Nonce: Hashable {
        let signer: ShortID
        let bytes: [UInt8]
    }

    private var minutes: [Minute] = []

    /// Whether the request is new; from then on it is not.
    mutating func accept(
        _ nonce: [UInt8], of signer: NodeID, created: WallTime, at now: WallTime
    ) throws(RequestRefusal) {
        let current = now.minute
        minutes.removeAll { !(current - 2...current + 2).contains($0.number) }
        let number = created.minute
        if !minutes.contains(where: { $0.number == number }) { minutes.append(Minute(number: number)) }
        guard let index = minutes.firstIndex(where: { $0.number == number }) else { return }
        let key = Nonce(signer: signer.short, bytes: nonce)
        guard !minutes[index].nonces.contains(key) else { throw .replayed }
        let count = minutes[index].counts[signer, default: 0]
        guard minutes[index].nonces.count < limit, count < limitPerSigner else {
            throw .tooMany(pause: created.restOfMinute)
        }
        minutes[index].nonces.insert(key)
        minutes[index].counts[signer] = count + 1
    }

    /// Refuses what `accept` would, before more is spent on it.
    func check(_ nonce: [UInt8], of signer: NodeID, created: WallTime) throws(RequestRefusal) {
        guard let minute = minutes.first(where: { $0.number == created.minute }) else { return }
        guard !minute.nonces.contains(Nonce(signer: signer.short, bytes: nonce)) else { throw .replayed }
        guard minute.nonces.count < limit, minute.counts[signer, default: 0] < limitPerSigner else {
            throw .tooMany(pause: created.restOfMinute)
        }
    }
}
