public import Primitives

/// Something that is wrong with this node now, and that its operator should know: told by `node status` and in the log
/// until it is over.
public struct Trouble: Codable, Hashable, Sendable {
    /// What is wrong. A node has each kind of trouble once, whoever ran into it.
    public enum Kind: String, Codable, CaseIterable, Sendable {
        /// No room for what the node must write.
        case diskFull
        /// The data directory cannot be written: a file system that is read-only, or missing permission.
        case diskReadOnly
        /// Reading or writing fails for a reason that lies with the disk.
        case diskFailing
        /// The database is damaged, or lost something.
        case database
        /// The account cannot be kept, so that little or nothing is sent.
        case account
        /// No descriptors are left for files and connections.
        case descriptors
        /// The wall clock cannot be believed.
        case clock
        /// Others cannot reach this node over HTTP.
        case portBlocked
        /// Datagrams do not reach this node.
        case datagramsBlocked
        /// Another process runs with this node's identity.
        case twin
        /// More comes in than this machine handles.
        case overloaded
        /// Others cannot be reached from here.
        case network
        /// The public door is shut: its socket cannot be opened again.
        case door
        /// Files posted here are missing on disk or cannot be read, or parts of them.
        case lostFiles
        /// Files that no record names lie where they were set aside.
        case strayFiles
    }

    public var kind: Kind
    /// One sentence that says what is wrong and what to do.
    public var sentence: String
    /// When this run first met it.
    public var since: WallTime

    public init(kind: Kind, sentence: String, since: WallTime) {
        self.kind = kind
        self.sentence = sentence
        self.since = since
    }
}

extension Trouble.Kind {
    /// What is said once when it is over.
    public var relief: String {
        switch self {
        case .diskFull: "There is room on the disk again."
        case .diskReadOnly: "The data directory can be written again."
        case .diskFailing: "The disk does its work again."
        case .database: "The database is in order again."
        case .account: "The account can be kept again."
        case .descriptors: "Files and connections can be opened again."
        case .clock: "The wall clock can be believed again."
        case .portBlocked: "Others reach this node again."
        case .datagramsBlocked: "Datagrams reach this node again."
        case .twin: "No other process runs with this node's identity any more."
        case .overloaded: "This machine handles what comes in again."
        case .network: "Others can be reached again."
        case .door: "The public door is open again."
        case .lostFiles: "What was posted here can be read again, or is withdrawn."
        case .strayFiles: "No files are set aside any more."
        }
    }
}
