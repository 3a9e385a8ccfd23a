import Console
import Membership
import Overlay
import Primitives
import ServiceLifecycle
import Transport

/// Finds out whether others reach this node, by asking members to call it back, and tells the operator what is in the way.
struct Sentinel: Service {
    let inbox: Inbox
    let client: PeerClient
    let directory: Directory
    let identity: Identity
    let settings: Settings
    let troubles: Troubles

    /// After the start, or while there is nobody to ask: a newcomer is known to others by then.
    static let firstPause = Duration.seconds(5)
    /// While others do not reach this node.
    static let shortPause = Duration.seconds(60)
    /// While they do.
    static let longPause = Duration.seconds(3_600)
    /// Members asked each time: one may have troubles of its own.
    static let askedLimit = 2

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Self.firstPause
            while (try? await Task.sleep(for: pause)) != nil { pause = await look() }
        }
    }

    /// How long to wait before the next look.
    private func look() async -> Duration {
        guard let own = directory.card(of: identity.nodeID) else { return Self.firstPause }
        let present = await inbox.ask { $0.roster.members.filter { $0.condition == .alive }.map(\.card.value) } ?? []
        var outcomes: [Reached.Outcome] = []
        for card in present.shuffled().prefix(Self.askedLimit) {
            if let outcome = await ask(card, about: own) { outcomes.append(outcome) }
        }
        guard let outcome = outcomes.first(where: { $0 == .answered }) ?? outcomes.first else { return Self.firstPause }
        guard outcome != .answered else {
            troubles.clear(.portBlocked)
            return Self.longPause
        }
        troubles.raise(.portBlocked, sentence(outcome, url: own.url))
        return Self.shortPause
    }

    /// What came of being called back; nothing where the member did not try.
    private func ask(_ card: Card, about own: Card) async -> Reached.Outcome? {
        guard case .success(let answer) = await client.call(.callBack(own), to: card),
            case .reached(let reached) = answer.value, reached.url != .untried
        else { return nil }
        return reached.url
    }

    private func sentence(_ outcome: Reached.Outcome, url: String) -> String {
        let port = settings.listen.port
        return switch outcome {
        case .someoneElse:
            "Others who call \(url) meet somebody else there; say with --url where they reach this node."
        case .silent, .untried, .answered:
            "Others do not reach this node at \(url): open port \(port)/tcp in your firewall or router, or say with --url "
                + "where they reach it."
        }
    }
}
