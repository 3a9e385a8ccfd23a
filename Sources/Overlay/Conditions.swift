import Membership
import Primitives

/// What the operator was last told of each member, so that news are told once.
struct Conditions: Sendable {
    private var told: [NodeID: Condition] = [:]

    /// What there is to tell now, if anything. A suspicion is nobody's news yet.
    mutating func notice(of member: Member, beside own: NodeID) -> Notice? {
        let id = member.id
        guard id != own, member.condition != .suspect else { return nil }
        let before = told.updateValue(member.condition, forKey: id)
        guard before != member.condition else { return nil }
        let name = member.card.value.name
        return switch member.condition {
        case .alive: before == nil ? .memberJoined(id, name: name) : .memberReturned(id, name: name)
        case .dead: .memberDied(id, name: name)
        case .left: .memberLeft(id, name: name)
        case .suspect: nil
        }
    }

    /// Nothing is known of this member any more.
    mutating func forget(_ id: NodeID) { told[id] = nil }
}
