import Console
import Logging
import ServiceLifecycle

/// Joins the network that the node was started to join. A node that is not let in does not run.
struct Arrival: Service {
    let joiner: Joiner
    let peer: String?
    let logger: Logger

    func run() async throws {
        if let peer {
            let joined = try await joiner.join(peer)
            logger.info(
                "Joined.", metadata: ["network": "\(joined.network)", "through": "\(joined.peerName)"])
        }
        try? await gracefulShutdown()
    }
}
