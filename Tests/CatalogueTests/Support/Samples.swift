import Catalogue
@_spi(Verification) import Primitives

/// Made-up nodes, files and statements.
enum Sample {
    /// A node with a recognisable key that is spread as real keys are.
    static func node(_ number: UInt64) -> NodeID {
        NodeID(Bytes32(Generator.mix(number &+ 1), number, 0, 0))
    }

    static let wall = WallTime(milliseconds: 1_700_000_000_000)

    /// A consistent manifest of a file that nobody has the bytes of.
    static func manifest(
        length: ByteCount, publisher: NodeID, replicas: UInt8 = 3, seed: UInt64 = 1, audience: Audience = .network,
        mediaType: String = "video/webm", postedAt: WallTime = wall, sequence: UInt64 = 1
    ) -> Manifest {
        var generator = Generator(seed: seed)
        let geometry = PieceGeometry(length: length)
        let pieces = (0..<geometry.count).map { _ in
            Bytes32(generator.next(), generator.next(), generator.next(), generator.next())
        }
        let posting = Posting(
            file: FileID(geometry: geometry, pieces: pieces), publisher: publisher, length: length,
            name: "ein Film – 映画.webm", mediaType: mediaType, sha256: Bytes32(seed, 2, 3, 4), audience: audience,
            replicas: replicas, postedAt: postedAt, expires: nil, sequence: sequence)
        guard let posting else { preconditionFailure("a sample is within the limits") }
        return Manifest(posting: posting, pieces: pieces)
    }

    static func facts(
        _ id: NodeID, isAlive: Bool = true, place: Place? = nil, remaining: ByteCount = .gigabytes(8),
        freeDisk: ByteCount = .gigabytes(8), since: Instant = .zero,
        isUnproven: Bool = false
    ) -> MemberFacts {
        MemberFacts(
            id: id, isAlive: isAlive, place: place, remaining: remaining, freeDisk: freeDisk, since: since,
            isUnproven: isUnproven)
    }
}

extension Posting {
    /// The same, but for what is given.
    func altered(
        by publisher: NodeID? = nil, length: ByteCount? = nil, sha256: Bytes32? = nil, replicas: UInt8? = nil,
        expires: WallTime? = nil, sequence: UInt64? = nil
    ) -> Posting {
        let posting = Posting(
            file: file, publisher: publisher ?? self.publisher, length: length ?? self.length, name: name,
            mediaType: mediaType, sha256: sha256 ?? self.sha256, audience: audience,
            replicas: replicas ?? self.replicas, postedAt: postedAt,
            expires: expires ?? self.expires, sequence: sequence ?? self.sequence)
        guard let posting else { preconditionFailure("a sample is within the limits") }
        return posting
    }

    var withdrawal: Withdrawal { Withdrawal(of: self, at: Sample.wall) }
}

extension Withdrawal {
    /// As it stands on disk where nothing was known of the file.
    var remembered: RememberedWithdrawal { RememberedWithdrawal(.believed(self), isEffective: false) }
}

extension Verified {
    /// Worlds without cryptography believe what is said.
    static func believed(_ value: Value) -> Verified { Verified(checked: value) }
}
