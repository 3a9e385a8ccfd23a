import Glibc
public import Primitives

/// The secrets that make a node who it is, as bytes: what they mean is Transport's to say.
public struct IdentityKeys: Equatable, Sendable {
    /// The seed of the Ed25519 key that signs (RFC 8032).
    public var signingSeed: Bytes32
    /// The X25519 key that seals (RFC 7748).
    public var agreementSecret: Bytes32

    public init(signingSeed: Bytes32, agreementSecret: Bytes32) {
        self.signingSeed = signingSeed
        self.agreementSecret = agreementSecret
    }
}

extension DataDirectory {
    /// Whether there is an identity, readable or not.
    public var hasIdentity: Bool { access(identityPath, F_OK) == 0 }

    /// Writes a new identity for the owner's eyes alone. It is there whole or not at all, and never replaces another.
    public func create(_ keys: IdentityKeys) throws(StorageError) {
        guard try makeFile(identityPath, Array(keys.text.utf8), mode: 0o600) else {
            throw .identityExists(path: identityPath)
        }
    }

    /// Reads the identity, unless others than its owner could have done so too.
    public func identity() throws(StorageError) -> IdentityKeys {
        guard hasIdentity else { throw .identityMissing(path: identityPath) }
        return try keys(at: identityPath)
    }

    func keys(at path: String) throws(StorageError) -> IdentityKeys {
        let file = try OpenFile(path, O_RDONLY)
        var facts = stat()
        guard fstat(file.descriptor, &facts) == 0 else { throw StorageError(code: errno, path: path) }
        let mode = facts.st_mode & 0o777
        guard mode & 0o077 == 0 else { throw .identityExposed(path: path, mode: mode) }
        // Longer than any identity, so that a longer file is seen to be one.
        let bytes = try file.read(atMost: 1024, at: 0)
        guard let keys = IdentityKeys(text: String(decoding: bytes, as: UTF8.self)) else {
            throw .identityMalformed(path: path)
        }
        return keys
    }
}

extension IdentityKeys {
    private static let title = "potluck identity 1"
    private static let signingLabel = "ed25519"
    private static let agreementLabel = "x25519"

    /// Three lines: the format, and a key each in base32.
    var text: String {
        """
        \(Self.title)
        \(Self.signingLabel) \(Base32.encode(signingSeed.array))
        \(Self.agreementLabel) \(Base32.encode(agreementSecret.array))

        """
    }

    init?(text: String) {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        guard lines.count == 3, lines[0].joined(separator: " ") == Self.title,
            let signingSeed = Self.key(lines[1], Self.signingLabel),
            let agreementSecret = Self.key(lines[2], Self.agreementLabel)
        else { return nil }
        self.init(signingSeed: signingSeed, agreementSecret: agreementSecret)
    }

    private static func key(_ words: [Substring], _ label: String) -> Bytes32? {
        guard words.count == 2, words[0] == label else { return nil }
        return Base32.decode(words[1]).flatMap { Bytes32($0) }
    }
}
