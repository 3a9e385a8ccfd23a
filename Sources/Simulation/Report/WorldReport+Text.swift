internal import Primitives

extension WorldReport {
    /// For a terminal: 92 columns, one blank line between subjects, and only what was observed.
    public var text: String {
        var page = TextPage()
        let name = world.name.isEmpty ? "A world" : world.name
        page.line(
            "\(name), seed \(world.seed): \(Figures.count(world.nodes)) nodes, \(Figures.duration(world.length))"
                + (world.loss > 0 ? ", \(Figures.percent(world.loss)) loss" : ""))
        page.line(headline)
        for violation in violations { page.line("! " + violation) }
        write(gossip, on: &page)
        writeNews(on: &page)
        write(agreement, on: &page)
        write(service, on: &page)
        write(spending, on: &page)
        if !coordinates.isEmpty {
            page.title("Coordinates", ["samples", "error", "penalty"])
            for figure in coordinates {
                page.row(
                    "after \(Figures.duration(figure.at))",
                    [
                        Figures.fixed(figure.samples, 0), Figures.fixed(figure.error, 3),
                        Figures.duration(figure.penalty),
                    ])
            }
        }
        return page.text
    }

    private static let quantileHeads = ["median", "p90", "p99", "max"]

    private func write(_ gossip: Gossip, on page: inout TextPage) {
        guard let sent = gossip.sent, let received = gossip.received else { return }
        page.title("Overlay, per node and month", Self.quantileHeads)
        page.row("sent", sent) { "\($0)" }
        page.row("received", received) { "\($0)" }
        page.row("allowed", ["\(gossip.bound)"])
        if gossip.beyondBound > 0 { page.row("nodes beyond that", ["\(gossip.beyondBound)"]) }
        for (name, size) in gossip.sentFor.named { page.row("of it, \(name)", ["\(size)"]) }
        for rival in gossip.memberlist { page.row("\(rival.name) (computed)", ["\(rival.total)"]) }
        if let interval = pulses.interval {
            page.row("pulse interval", interval, Figures.duration)
            if let size = pulses.size { page.row("bytes of a pulse", size) { "\($0.bytes)" } }
        }
    }

    private func writeNews(on page: inout TextPage) {
        let rows = [
            ("age of a level where it is learnt", news.age), ("exhausted, known to 99 %", news.exhausted),
            ("refilled, known to 99 %", news.refilled), ("third verdict, known to 99 %", news.deaths),
            ("stopped, first verdict", liveness.firstVerdict), ("stopped, third verdict", liveness.lastVerdict),
            ("stopped, known to 99 %", liveness.known), ("wrongly suspected for", liveness.wrongSpell),
            ("busy and stopped, passed over", liveness.passedOver),
            ("wrongly passed over for", liveness.wrongPassSpell),
        ].filter { $0.1 != nil }
        guard !rows.isEmpty || liveness.falseDeaths > 0 else { return }
        page.title("News", Self.quantileHeads)
        for (name, durations) in rows {
            if let durations { page.row(name, durations, Figures.duration) }
        }
        page.row(
            "false deaths",
            ["\(liveness.falseDeaths)", "(\(Figures.short(liveness.falseDeathsPerNodeAndDay, 6)) per node and day)"])
        page.row("wrong suspicions", ["\(liveness.wrongSuspicions)"])
    }

    private func write(_ agreement: Agreement, on page: inout TextPage) {
        guard !agreement.recoveries.isEmpty else { return }
        page.title("Agreement on who is there", [])
        for recovery in agreement.recoveries.prefix(12) {
            let when = recovery.at == .zero ? "after the start" : "after \(Figures.duration(recovery.at))"
            page.row(when, [recovery.took.map { Figures.duration($0) } ?? "not reached"])
        }
        if agreement.recoveries.count > 12 { page.row("further ones", ["\(agreement.recoveries.count - 12)"]) }
    }

    private func write(_ service: Service, on page: inout TextPage) {
        guard service.requests > 0 else { return }
        page.title("Service", [])
        page.row("requests", [Figures.count(service.requests)])
        page.row(
            "served",
            [Figures.count(service.served), Figures.percent(Double(service.served) / Double(service.requests))])
        for refusal in service.refused {
            page.row("refused: \(Self.sentence(for: refusal.reason))", [Figures.count(refusal.count)])
        }
        if let part = service.shareOfOptimum { page.row("of the clairvoyant optimum", [Figures.percent(part)]) }
        if let there = service.meanRoundTrip, let nearest = service.meanNearest {
            page.row("mean round trip", [Figures.duration(there), "nearest able: \(Figures.duration(nearest))"])
        }
        if let origin = service.originCopies {
            page.row(
                "copies sent by a file's publisher", [Figures.short(origin, 2), "for \(service.replicas) replicas"])
        }
    }

    private func write(_ spending: Spending, on page: inout TextPage) {
        page.title("Sent in all", [])
        page.row("to clients", ["\(spending.serving)"])
        page.row("to other holders", ["\(spending.replication)"])
        page.row("for the overlay", ["\(spending.overlay)"])
        page.row("redirects and errors", ["\(spending.answers)"])
        page.row("most that anybody spent of its share", [Figures.percent(spending.most)])
    }
}

extension WorldReport.Uses {
    var named: [(name: String, size: ByteCount)] {
        [("pulses", pulses), ("news", news), ("probes", probes), ("questions over HTTP", http)]
    }
}

/// Lines with a name at the left and figures in columns.
private struct TextPage {
    private(set) var text = ""
    private static let nameWidth = 36
    private static let figureWidth = 14

    mutating func line(_ line: String) { text += line + "\n" }

    mutating func title(_ title: String, _ heads: [String]) {
        line("")
        row(title, heads, indent: "", isRemarkable: false)
    }

    mutating func row(_ name: String, _ figures: [String]) { row(name, figures, indent: "  ") }

    mutating func row<Value>(_ name: String, _ quantiles: Quantiles<Value>, _ write: (Value) -> String) {
        row(name, [quantiles.p50, quantiles.p90, quantiles.p99, quantiles.max].map(write))
    }

    private mutating func row(_ name: String, _ figures: [String], indent: String, isRemarkable: Bool = true) {
        var row = indent + name
        for (place, figure) in figures.enumerated() {
            let end = Self.nameWidth + (place + 1) * Self.figureWidth
            // A remark follows the figure; what does not fit moves the rest.
            let isRemark = place > 0 && isRemarkable && figure.first?.isNumber != true
            let space = isRemark ? 2 : max(2, end - row.count - figure.count)
            row += String(repeating: " ", count: space) + figure
        }
        line(row)
    }
}
