public import Primitives

/// A holder's signed statement of what it has of a file. Of two for one file and holder, the higher version counts.
public struct Announcement: Statement {
    public static let context = "potluck announcement 1"

    public enum State: UInt8, Hashable, Sendable {
        /// Some pieces, or none yet: already serves what it has.
        case filling = 1
        case complete = 2
        /// No longer a holder.
        case gone = 3
        /// Has all of it and serves it, but is about to go: another is to take its place.
        case leaving = 4
    }

    public let file: FileID
    public let holder: NodeID
    public let version: UInt64
    public let state: State
    public var signature: Signature

    /// A draft when no signature is given.
    public init(file: FileID, holder: NodeID, version: UInt64, state: State, signature: Signature = .none) {
        self.file = file
        self.holder = holder
        self.version = version
        self.state = state
        self.signature = signature
    }

    public var signer: Signer { .node(holder) }

    public func encodeBody(into writer: inout WireWriter) {
        writer.write(file)
        writer.write(holder)
        writer.write(version)
        writer.write(state.rawValue)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        file = try reader.fileID()
        holder = try reader.nodeID()
        version = try reader.uint64()
        guard let state = State(rawValue: try reader.uint8()) else { throw .malformed("a holder in an unknown state") }
        self.state = state
        signature = try reader.signature()
    }
}
