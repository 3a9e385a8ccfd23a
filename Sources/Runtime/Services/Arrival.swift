import Console
import Logging
import Primitives
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
    /// Until when the node was leaving when it was stopped.
    let unfinished: WallTime?
    let desk: OperatorDesk
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
            // Who joins a network, be it the same, stays.
            if let unfinished, goal == nil { await goOnLeaving(until: unfinished) }
            for await _ in leaving.left {}
        }
    }

    private func goOnLeaving(until deadline: WallTime) async {
        logger.notice("This node was leaving its network when it was stopped, and goes on with it.")
        do {
            try await desk.goOnLeaving(until: deadline)
        } catch is CancellationError {
            return
        } catch {
            logger.error("\(error)")
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
