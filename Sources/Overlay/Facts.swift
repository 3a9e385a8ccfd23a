import Allowance
import Catalogue
import Membership
import Primitives
import Routing

// What one room knows, in the words of another.

extension RoutingNode {
    /// A member as routing sees it.
    init(_ member: Member, isProven: Bool, isPassedOver: Bool) {
        let card = member.card.value
        let status = member.status?.value
        let ceiling = Terms(share: card.share).ceiling(.serving)
        self.init(
            id: card.nodeID, url: card.url, place: card.place, coordinate: status?.coordinate,
            remaining: status?.remaining.byteCount ?? ceiling, share: ceiling, load: status?.load ?? 0,
            isAlive: member.condition == .alive, isPassedOver: isPassedOver, isProven: isProven,
            families: card.endpoints.reduce(into: []) { $0.formUnion(AddressFamilies($1.address)) },
            statusVersion: status?.version ?? 0)
    }
}

extension MemberFacts {
    /// A member as the catalogue sees it.
    init(_ member: Member, isUnproven: Bool) {
        let card = member.card.value
        let status = member.status?.value
        self.init(
            id: card.nodeID, isAlive: member.condition == .alive || member.condition == .suspect, place: card.place,
            remaining: status?.remaining.byteCount ?? .zero, freeDisk: status?.freeDisk.byteCount ?? .zero,
            since: member.since, isUnproven: isUnproven)
    }
}

extension Absence {
    init(_ ending: Ending) {
        self =
            switch ending {
            case .withdrawn: .withdrawn
            case .expired: .expired
            case .denied: .denied
            }
    }
}

extension RoutingFile {
    /// A file as routing sees it.
    init(_ route: FileRoute) {
        let posting = route.posting
        let vouched: Vouched =
            switch route.audience {
            case .network: .network
            case .named(let nodes): .named(nodes)
            }
        let own: OwnCopy =
            switch route.own {
            case .none: .none
            case .complete: .complete
            case .filling(let pieces):
                .filling(pieceSize: posting.pieceSize, has: pieces.runs.map { posting.geometry.bytes(of: $0) })
            }
        self.init(
            id: posting.file, length: posting.length, name: posting.name, mediaType: posting.mediaType,
            publisher: posting.publisher, vouched: vouched,
            holders: route.holders.map { RoutingHolder(id: $0.id, isComplete: $0.isComplete) }, own: own,
            sha256: route.sha256)
    }
}
