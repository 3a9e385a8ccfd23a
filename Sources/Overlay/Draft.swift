public import Catalogue
public import Membership
public import Primitives

/// A statement of this node's own that waits for its signature.
public enum Draft: Hashable, Sendable {
    case news(News)
    case announcement(Announcement)
    case withdrawal(Withdrawal)
}

extension Draft: StatementBearing {
    public var statements: [any Statement] {
        switch self {
        case .news(let news): news.statements
        case .announcement(let announcement): [announcement]
        case .withdrawal(let withdrawal): [withdrawal]
        }
    }
}
