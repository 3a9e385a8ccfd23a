import Console
import Membership
import Overlay
import Primitives
import ServiceLifecycle
import Storage
import Transport

/// Finds out whether another process runs with this node's identity, and keeps both from giving files to clients as
/// long as it does: they would spend one allowance twice.
///
/// Members send their datagrams to where the newest card says, so that of two processes with one key the older one
/// hears nobody any more. It then asks members over HTTP whether they hold a newer card of its own. Where they do, it
/// signs one that is newer still, and the other finds itself cut off in its turn: so each hears of the other as long as
/// both run, and whoever is left alone hears nothing more.
struct TwinGuard: Service {
    let inbox: Inbox
    let client: PeerClient
    let directory: Directory
    let database: Database
    let scribe: Scribe
    let belonging: Belonging
    let card: OwnCard
    let account: Account
    let troubles: Troubles
    let clock: MonotonicClock
    let pulse: Duration

    /// Where the controller sets it: about what it comes to in a small network.
    static let usualPulse = Duration.seconds(60)

    /// Longest time between two looks at the machine, which cost next to nothing.
    static let longestTick = Duration.seconds(5)
    /// Members asked at once.
    static let askedLimit = 4

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var doubts = TwinDoubts(pulse: pulse)
            let limit = doubts.interval
            let look: () async -> Bool? = {
                guard let (isCutOff, twin) = await inbox.ask({ ($0.roster.isCutOff, $0.roster.twin) }) else {
                    return nil
                }
                let asks = doubts.look(isCutOff: isCutOff, twin, at: clock.now)
                tell(doubts.twin)
                return asks
            }
            await Questions.asked(after: look, every: min(pulse, Self.longestTick)) { await ask(within: limit) }
        }
    }

    private func tell(_ twin: Twin?) {
        account.suspend(.twin, twin != nil)
        guard let twin else { return troubles.clear(.twin) }
        troubles.raise(.twin, Self.sentence(about: twin))
    }

    static func sentence(about twin: Twin) -> String {
        let place = twin.url.map { " at \($0)" } ?? ""
        return
            "Another process runs with this node's identity\(place), so that neither gives files to anybody; stop one of "
            + "them, and use a new data directory, not a copy, for a second node."
    }

    /// Asks members whether they hold a newer card of this node; where one does, it learns a newer one.
    private func ask(within limit: Duration) async {
        guard let own = directory.card(of: card.identity.nodeID) else { return }
        let members = await inbox.membersToAsk(atMost: Self.askedLimit)
        let newer = await Questions.first(of: members, within: limit) { member in
            await newerCard(than: own, at: member).map { (member: member, card: $0) }
        }
        guard let newer else { return }
        inbox.post(.told(newer.card))
        guard let renewed = await renew(above: newer.card.value.version) else { return }
        _ = await newerCard(than: renewed, at: newer.member)
    }

    /// What the member holds beyond this card of this node, which it learns; nothing where it is silent.
    private func newerCard(than own: Card, at member: Card) async -> Verified<Card>? {
        guard case .success(let answer) = await client.call(.callBack(own), to: member),
            case .reached(let reached) = answer.value, let newer = reached.newer, newer.nodeID == own.nodeID,
            newer.version > own.version
        else { return nil }
        return answer.part { _ in newer }
    }

    /// A card is on disk before it is shown, so that no restart ever takes this node's own for another's.
    private func renew(above version: UInt64) async -> Card? {
        let membership = belonging.membership
        var raised = membership
        raised.cardVersion = max(raised.cardVersion, version)
        guard let own = try? card.signed(for: raised, at: MonotonicClock.wallTime) else { return nil }
        raised.cardVersion = own.value.version
        let kept = raised
        guard (try? await scribe.perform { [database] in try database.write(kept) }) != nil,
            belonging.raise(cardVersion: own.value.version, in: membership.founder)
        else { return nil }
        inbox.post(.renewed(own))
        return own.value
    }
}

/// When members are asked for a twin, and how long one counts as there.
struct TwinDoubts {
    /// A twin that nobody has heard for so many pulses is gone: as long as both run, each hears of the other …
    static let quietPulses = 10
    /// … but no earlier, however short the pulses are.
    static let leastQuiet = Duration.seconds(30)
    /// So often within that time are members asked, so that two cards in a row may be lost.
    static let questions = 4

    /// The twin, while it counts as there.
    private(set) var twin: Twin?
    /// How long none is heard until it counts as gone.
    let quiet: Duration
    /// Until the next question; grows while nobody answers this node and there is no twin.
    private var pause: Duration
    private var asked: Instant?

    init(pulse: Duration) {
        quiet = max(pulse * Self.quietPulses, Self.leastQuiet)
        pause = quiet / Self.questions
    }

    /// Between two questions, at least.
    var interval: Duration { quiet / Self.questions }

    /// Whether members are to be asked now.
    /// - Parameters:
    ///   - isCutOff: no neighbour answers.
    ///   - heard: the twin that was heard last, if ever one was.
    mutating func look(isCutOff: Bool, _ heard: Twin?, at now: Instant) -> Bool {
        let wasThere = twin != nil
        twin = heard.flatMap { now - $0.heardAt < quiet ? $0 : nil }
        guard twin != nil || isCutOff else {
            asked = nil
            pause = interval
            return false
        }
        if twin != nil { pause = interval }
        if let asked, twin != nil && wasThere || twin == nil, now - asked < pause { return false }
        if asked != nil, twin == nil { pause = min(pause * 2, quiet) }
        asked = now
        return true
    }
}
