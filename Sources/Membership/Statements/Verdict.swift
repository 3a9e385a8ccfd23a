public import Primitives

/// A member's signed statement that another one no longer answers it. Three make a member dead.
public struct Verdict: Statement {
    public static let context = "potluck verdict 1"

    public var subject: ShortID
    public var issuer: ShortID
    /// The version of the subject's status that went silent; 0 when the issuer never saw one. A later status refutes
    /// the verdict.
    public var version: UInt64
    public var signature: Signature

    public init(subject: ShortID, issuer: ShortID, version: UInt64, signature: Signature = .none) {
        self.subject = subject
        self.issuer = issuer
        self.version = version
        self.signature = signature
    }

    public var signer: Signer { .member(issuer) }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(subject)
        writer.write(issuer)
        writer.write(version)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(
            subject: try reader.shortID(), issuer: try reader.shortID(), version: try reader.version(),
            signature: try reader.signature())
    }
}
