internal import Primitives

/// What a report says in words, the same on the page and in a terminal.
extension WorldReport {
    /// The outcome in one sentence.
    var headline: String {
        let length = Figures.span(world.length)
        guard violations.isEmpty else {
            return violations.count == 1
                ? "A promise was broken: \(violations[0])" : "\(violations.count) promises were broken in \(length)."
        }
        let nodes = "\(Figures.count(world.nodes)) nodes"
        guard service.requests > 0 else {
            guard let sent = gossip.sent, gossip.bound > .zero else { return "\(nodes) ran for \(length)." }
            let part = Double(sent.p99.bytes) / Double(max(1, monthlyShare.bytes))
            return "\(nodes) kept each other informed for \(Figures.percent(part)) of what they give."
        }
        let served = Double(service.served) / Double(service.requests)
        return
            "\(nodes) served \(Figures.percent(served)) of \(Figures.count(service.requests)) downloads in \(length), "
            + (spending.most < 1
                ? "and nobody sent more than it gives." : "and who had given all it gives stopped there.")
    }

    /// What a node gives in 30 days, in the mean.
    var monthlyShare: ByteCount {
        guard spending.period > .zero else { return world.share }
        return ByteCount(Int64((Double(world.share.bytes) * (OverlayTraffic.month / spending.period)).rounded()))
    }

    /// A refusal's reason for people.
    static func sentence(for reason: String) -> String {
        switch Serving.Refusal(rawValue: reason) {
        case .notFound: "the file was not known"
        case .postponed: "the file was still being looked for"
        case .gone: "the file had been withdrawn, or its time was over"
        case .exhausted: "every holder had spent its allowance"
        case .filling: "the only holders were still receiving the file"
        case .unproven: "no holder had shown that it is reached where it says"
        case .unreachable: "no holder could be reached"
        case .cutOff: "the connection ended early"
        case nil: reason
        }
    }
}
