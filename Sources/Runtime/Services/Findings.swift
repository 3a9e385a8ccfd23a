import Console
import Membership
import Overlay
import Primitives

/// What members that were asked to call this node back say of it, put together.
struct Findings: Equatable {
    /// Nothing where nobody tried.
    let url: Reached.Outcome?
    /// Those endpoints of this node's card that somebody tried.
    let endpoints: [Reached.Door]

    /// - Parameter own: the card that they were to call.
    init(_ reports: [Reached], about own: Card) {
        url = Self.sum(of: reports.map(\.url))
        endpoints = own.endpoints.compactMap { endpoint in
            let outcomes = reports.flatMap(\.endpoints).filter { $0.endpoint == endpoint }.map(\.outcome)
            return Self.sum(of: outcomes).map { Reached.Door(endpoint, $0) }
        }
    }

    /// One that came through outweighs all others: they may have troubles of their own.
    private static func sum(of outcomes: [Reached.Outcome]) -> Reached.Outcome? {
        let tried = outcomes.filter { $0 != .untried && $0 != .busy }
        return tried.contains(.answered) ? .answered : tried.first
    }

    /// Whether anything is known to be in the way.
    var isBlocked: Bool { (url ?? .answered) != .answered || closed != nil }

    /// The first endpoint at which datagrams do not arrive.
    var closed: Endpoint? { endpoints.first { $0.outcome != .answered }?.endpoint }
}

extension Findings {
    /// What is wrong with the way to this node's URL; nothing where nothing is.
    func complaint(about own: Sighting, seenAs: IPAddress?) -> String? {
        guard let url, url != .answered else { return nil }
        let authority = NodeURL(own.url)?.authority
        let port = authority?.port ?? own.listen.port
        let hint = Self.hint(authority.map { $0.address == nil ? nil : own.elsewhere(seenAs) } ?? nil)
        return switch url {
        case .someoneElse:
            "TCP port \(port) leads others to somebody else (at \(own.url)\(hint)); lead it to this node in your router or "
                + "proxy, or say with --url where they reach it."
        case .silent, .untried, .busy, .answered:
            "TCP port \(port) cannot be reached from outside (nobody answers at \(own.url)\(hint)); "
                + "\(Self.remedy(port, own.listen.port)), or say with --url where others reach this node."
        }
    }

    /// What is wrong with the way of datagrams to this node; nothing where nothing is.
    func complaintAboutDatagrams(to own: Sighting, seenAs: IPAddress?) -> String? {
        guard let closed else { return nil }
        return "UDP port \(closed.port) cannot be reached from outside (nobody answers at "
            + "\(closed)\(Self.hint(own.elsewhere(seenAs)))); \(Self.remedy(closed.port, own.listen.port)), or say with "
            + "--advertise where datagrams reach this node."
    }

    private static func hint(_ seen: IPAddress?) -> String { seen.map { ", and this node was seen at \($0)" } ?? "" }

    private static func remedy(_ port: UInt16, _ inside: UInt16) -> String {
        "open it in your firewall or router" + (port == inside ? "" : ", and lead it to port \(inside) of this machine")
    }
}
