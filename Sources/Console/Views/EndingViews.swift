import Catalogue
public import Primitives

/// The body of `POST /v1/withdrawals`: a link, or the 52 characters of one.
public struct FileQuestion: Codable, Equatable, Sendable {
    public var file: String

    public init(file: String) {
        self.file = file
    }
}

/// `POST /v1/withdrawals`: a file that was taken back.
public struct WithdrawnView: Codable, Equatable, Sendable {
    public var id: FileID
    public var name: String
    /// Other nodes that had some or all of it, and will drop it.
    public var holders: Int
}

/// The body of `POST /v1/denials`.
public struct DenialQuestion: Codable, Equatable, Sendable {
    /// A link; or a node, by its identifier, the beginning of it that `node peers` shows, or its name.
    public var what: String
    /// What was denied is allowed again.
    public var isUndone: Bool

    public init(what: String, isUndone: Bool) {
        self.what = what
        self.isUndone = isUndone
    }
}

/// `GET /v1/denials`: a list of these, files first. `POST /v1/denials`: the one that was added or lifted.
public struct DenialView: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case file
        /// All that a node posts.
        case publisher
    }

    public var kind: Kind
    public var id: String
    /// Of the file or the node, where it is known here.
    public var name: String?
}

/// The body of `POST /v1/leave`.
public struct LeaveQuestion: Codable, Equatable, Sendable {
    /// How long holdings may be handed over; 0: not at all.
    public var withinSeconds: Int

    public static let longestSeconds = 86_400

    public init(withinSeconds: Int) {
        self.withinSeconds = withinSeconds
    }
}

/// `GET /v1/leave`: how far a node that leaves is; `POST /v1/leave`: how far it came.
public struct LeavingView: Codable, Equatable, Sendable {
    /// Files that are still to be copied elsewhere.
    public var left: Int
    /// Files that were held for others when it began.
    public var of: Int

    public init(left: Int, of: Int) {
        self.left = left
        self.of = of
    }

    init(_ handover: Handover) {
        self.init(left: handover.left, of: handover.of)
    }
}
