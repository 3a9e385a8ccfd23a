import Console
import Membership
import Overlay
import Primitives
import ServiceLifecycle
import Transport

/// Finds out whether others reach this node, by asking members to call it back, and tells the operator what is in the
/// way.
struct Sentinel: Service {
    let inbox: Inbox
    let client: PeerClient
    let directory: Directory
    let identity: Identity
    let belonging: Belonging
    let sighting: Sighting
    let troubles: Troubles

    /// After the start, or while there is nobody to ask: a newcomer is known to others by then.
    static let firstPause = Duration.seconds(5)
    /// While others do not reach this node, at first; doubled each time: whoever has just opened a port wants to see
    /// it.
    static let shortPause = Duration.seconds(15)
    /// So long in the end: at some 3 kB each time, a node that nobody ever reaches spends 26 MB a month on it.
    static let blockedPause = Duration.seconds(300)
    /// While they do; and in the end, while nobody answers who was asked.
    static let longPause = Duration.seconds(3_600)
    /// Answers wanted each time: one member may have troubles of its own.
    static let answersWanted = 2
    /// Members asked for them.
    static let askedLimit = 4

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Self.firstPause
            while (try? await Task.sleep(for: pause)) != nil { pause = await look(after: pause) }
        }
    }

    /// How long to wait before the next look.
    private func look(after pause: Duration) async -> Duration {
        guard let own = directory.card(of: identity.nodeID) else { return Self.firstPause }
        let members = await inbox.membersToAsk(atMost: Self.askedLimit)
        guard !members.isEmpty else { return Self.firstPause }
        var reports: [Reached] = []
        for card in members where reports.count < Self.answersWanted {
            if let report = await ask(card, about: own) { reports.append(report) }
        }
        guard !reports.isEmpty else { return min(pause * 2, Self.longPause) }
        let findings = Findings(reports, about: own)
        tell(findings)
        guard findings.isBlocked else { return Self.longPause }
        return pause < Self.shortPause || pause > Self.blockedPause
            ? Self.shortPause : min(pause * 2, Self.blockedPause)
    }

    /// What came of being called back; nothing where the member does not say.
    private func ask(_ card: Card, about own: Card) async -> Reached? {
        guard case .success(let answer) = await client.call(.callBack(own), to: card),
            case .reached(let reached) = answer.value
        else { return nil }
        if let newer = reached.newer { inbox.post(.told(answer.part { _ in newer })) }
        return reached
    }

    private func tell(_ findings: Findings) {
        let seenAs = belonging.seenAs
        if let sentence = findings.complaint(about: sighting, seenAs: seenAs) {
            troubles.raise(.portBlocked, sentence)
        } else if findings.url != nil {
            troubles.clear(.portBlocked)
        }
        if let sentence = findings.complaintAboutDatagrams(to: sighting, seenAs: seenAs) {
            troubles.raise(.datagramsBlocked, sentence)
        } else if !findings.endpoints.isEmpty {
            troubles.clear(.datagramsBlocked)
        }
    }
}

extension Inbox {
    /// Some members, in a random order; those that are there first. Where datagrams do not arrive all others seem to be
    /// dead, but can be asked.
    func membersToAsk(atMost limit: Int) async -> [Card] {
        let members = await ask { $0.roster.members.filter { $0.condition != .left } } ?? []
        let (present, silent) = (members.filter { $0.condition == .alive }, members.filter { $0.condition != .alive })
        return (present.shuffled() + silent.shuffled()).prefix(limit).map(\.card.value)
    }
}
