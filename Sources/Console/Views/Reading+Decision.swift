import Catalogue
import Overlay
import Primitives
import Routing

extension Reading {
    func decision(_ decision: Decision, file: FileID, from address: IPAddress, place: Place?) -> DecisionView {
        let posting = overlay.curator.route(of: file)?.posting
        var view = DecisionView(
            file: file, name: posting?.name, from: address.description, place: place, choice: .here, redirect: nil,
            location: nil, candidates: decision.candidates.map(self.view),
            exclusions: decision.exclusions.map { ExclusionView(node: name(of: $0.node), reason: $0.reason.sentence) })
        switch decision.choice {
        case .here: view.choice = .here
        case .unknown: view.choice = .unknown
        case .gone: view.choice = .gone
        case .redirect(let node):
            view.choice = .redirect
            view.redirect = name(of: node.id)
            view.location = Link(node: node.url, file: file, name: posting?.name ?? "").description
        case .nobody(let shortage):
            view.choice = .nobody
            view.shortage = shortage.sentence
        }
        return view
    }

    private func view(_ candidate: Candidate) -> CandidateView {
        CandidateView(
            node: name(of: candidate.node.id), isThisNode: candidate.node.id == facts.id, score: candidate.score,
            roundTripMilliseconds: candidate.roundTrip?.milliseconds, distanceKilometres: candidate.kilometres,
            spent: candidate.spent, load: Int(candidate.node.load), remaining: candidate.node.remaining)
    }
}

extension Shortage {
    /// Why nobody serves, as it follows "nobody can serve it now:".
    var sentence: String {
        switch self {
        case .exhausted: "those who have it have no allowance left in this period"
        case .filling: "those who have it are still receiving it themselves"
        case .unproven: "those who have it have not shown yet that they are reached where they say"
        case .unreachable: "nobody who has it answers, can be reached from there, and is vouched for"
        }
    }
}

extension Exclusion.Reason {
    /// As it follows a node's name.
    var sentence: String {
        switch self {
        case .notMember: "is no member that this node knows"
        case .dead: "does not answer"
        case .passedOver: "does not answer just now, and is asked again until it does"
        case .notVouched: "is not among those that the publisher lets serve it"
        case .incomplete: "does not have all of it yet"
        case .unproven: "has not shown yet that it is reached where it says"
        case .cannotAfford(let remaining): "has only \(remaining) left to send in this period"
        case .alreadyTried: "sent this downloader on"
        case .wrongFamily: "cannot be reached over the downloader's version of IP"
        case .redirectedEnough: "comes after two redirects, which are enough"
        }
    }
}
