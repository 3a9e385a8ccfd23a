import Console
import Logging
import ServiceLifecycle
import Transport

/// A network that a node is started to join.
struct Goal: Sendable {
    /// An invite or an address.
    let peer: String
    /// Called once the node belongs to it.
    let reached: @Sendable () -> Void
}

/// Joins the network that the node was started to join, and says that the node is there. One that is not let in stops.
struct Arrival: Service {
    /// Ends when the operator's door is open.
    let opening: AsyncStream<Void>
    let joiner: Joiner
    let goal: Goal?
    let card: OwnCard
    let data: String
    let logger: Logger

    func run() async throws {
        for await _ in opening {}
        if let goal {
            let joined = try await joiner.join(goal.peer)
            goal.reached()
            logger.info(
                "Joined.",
                metadata: ["network": "\(joined.network)", "through": "\(FileName.printable(joined.peerName))"])
        }
        logger.info(
            "Ready.", metadata: ["node": "\(card.identity.nodeID)", "url": "\(card.url)", "data": "\(data)"])
        try? await gracefulShutdown()
    }
}
