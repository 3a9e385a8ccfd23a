public import Primitives

// One false statement among many must not keep the others from being heard: in lists each stands for itself.

extension CatalogueRequest: Siftable {
    public func keeping(_ holds: (Int) -> Bool) -> CatalogueRequest {
        guard case .announce(let announcements, let postings, let withdrawals) = self else { return self }
        var sieve = Sieve()
        return .announce(sieve.take(announcements, holds), sieve.take(postings, holds), sieve.take(withdrawals, holds))
    }
}

extension CatalogueAnswer: Siftable {
    public func keeping(_ holds: (Int) -> Bool) -> CatalogueAnswer {
        var sieve = Sieve()
        switch self {
        case .found(let postings, let announcements, let withdrawals):
            return .found(sieve.take(postings, holds), sieve.take(announcements, holds), sieve.take(withdrawals, holds))
        case .withdrawn(let withdrawals): return .withdrawn(sieve.take(withdrawals, holds))
        case .confirmed(let postings, let withdrawals, let unknown):
            return .confirmed(sieve.take(postings, holds), sieve.take(withdrawals, holds), unknown: unknown)
        case .noted, .unknown, .accepted, .declined, .manifest, .pieces: return self
        }
    }
}

/// Goes through the lists of a message in the order of its statements.
private struct Sieve {
    private var position = 0

    mutating func take<Element>(_ list: [Element], _ holds: (Int) -> Bool) -> [Element] {
        defer { position += list.count }
        return list.enumerated().filter { holds(position + $0.offset) }.map(\.element)
    }
}
