internal import Primitives

/// A promise that is held against everything that happens in a world. It looks at what an event touched, and at nothing
/// else, so that worlds of thousands of nodes can afford it; it decides nothing, and the nodes know nothing of it.
protocol Checker: Sendable {
    /// What a report calls it.
    static var name: String { get }
}

/// A promise that was broken.
struct Violation: Equatable, Sendable, CustomStringConvertible {
    /// The name of the checker.
    let checker: String
    let at: Instant
    /// Where; nothing where no single node is at fault.
    let node: Int?
    /// What happened, in one sentence without its full stop.
    let sentence: String

    var description: String {
        let place = node.map { "node \($0) " } ?? ""
        return "\(checker), at \(at.nanoseconds / 1_000_000) ms: \(place)\(sentence)"
    }
}

/// The checkers of one world, with what they remember.
struct Checkers: Sendable {
    var conservation = Conservation()
    var versions = Versions()
    var graves = Graves()
    var tombstones = Tombstones()
    var copies = Copies()
    var audiences = Audiences()
    var livelock = Livelock()

    /// The names of all checkers that look at every event, in alphabetical order.
    static let names: [String] = [
        Audiences.name, Conservation.name, Copies.name, DatagramSize.name, Durability.name, ForgottenSpending.name,
        Graves.name, Honesty.name, Livelock.name, Manners.name, MissingBytes.name, Overspending.name, PeriodOrder.name,
        Quorum.name,
        RedirectChain.name, TableBounds.name, Tombstones.name, UnleasedBytes.name, Versions.name, WholeFiles.name,
    ].sorted()
}

extension VirtualNetwork {
    /// How many broken promises are kept: the first tells most.
    static let violationLimit = 20

    /// What a checker of all that was to come has to say in the end.
    mutating func complain(_ checker: String, _ sentence: String) {
        violations.append(Violation(checker: checker, at: now, node: nil, sentence: sentence))
    }

    /// Takes note of what a checker has to say, if anything.
    mutating func judge<Kind: Checker>(_ checker: Kind.Type, at node: Int? = nil, _ sentence: String?) {
        guard let sentence, violations.count < Self.violationLimit else { return }
        violations.append(Violation(checker: Kind.name, at: now, node: node, sentence: sentence))
    }
}
