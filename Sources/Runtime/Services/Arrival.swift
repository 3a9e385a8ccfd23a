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

/// Joins the network that the node was started to join, and says that the node is there. One that is not let in stops,
/// and so does one that has left.
struct Arrival: Service {
    /// Ends when the operator's door is open.
    let opening: AsyncStream<Void>
    let joiner: Joiner
    let goal: Goal?
    let card: OwnCard
    let data: String
    let leaving: Leaving
    let logger: Logger

    func run() async throws {
        for await _ in opening {}
        if let goal {
            // Asked meanwhile to stop, it is in the one network or the other, and what came of joining is no news.
            guard let joined = try await cancelWhenGracefulShutdown({ try await join(goal.peer) }) else { return }
            goal.reached()
            if let advice = joined.advice { logger.warning("\(advice)") }
            logger.info(
                "Joined.",
                metadata: ["network": "\(joined.network)", "through": "\(FileName.printable(joined.peerName))"])
        }
        logger.info(
            "Ready.", metadata: ["node": "\(card.identity.nodeID)", "url": "\(card.url)", "data": "\(data)"])
        await cancelWhenGracefulShutdown { [leaving] in
            for await _ in leaving.left {}
        }
    }

    /// Nothing when the node was told to stop before it was done.
    private func join(_ peer: String) async throws -> JoinResult? {
        do {
            return try await joiner.join(peer)
        } catch {
            guard Task.isCancelled else { throw error }
            return nil
        }
    }
}
