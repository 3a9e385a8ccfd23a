import Console
import Logging
import ServiceLifecycle
import Transport

/// Joins the network that the node was started to join, and says that the node is there. One that is not let in stops.
struct Arrival: Service {
    /// Ends when the operator's door is open.
    let opening: AsyncStream<Void>
    let joiner: Joiner
    let peer: String?
    let card: OwnCard
    let data: String
    let logger: Logger

    func run() async throws {
        for await _ in opening {}
        if let peer {
            let joined = try await joiner.join(peer)
            logger.info(
                "Joined.", metadata: ["network": "\(joined.network)", "through": "\(joined.peerName)"])
        }
        logger.info(
            "Ready.", metadata: ["node": "\(card.identity.nodeID)", "url": "\(card.url)", "data": "\(data)"])
        try? await gracefulShutdown()
    }
}
