internal import Primitives

/// A plot on the page: what it says, the picture, and the figures behind it.
struct PlotFigure {
    let title: String
    let take: String
    let svg: String
    let table: MarkupTable

    func write(to page: inout Markup) {
        page.element("figure") { page in
            page.element("h2", words: title)
            page.element("p", "class=\"take\"", words: take)
            page.add(svg)
            MarkupDetails.write(table, summary: "As a table", to: &page)
        }
    }
}

extension WorldReport {
    /// Those that there is something to show in.
    var plots: [PlotFigure] {
        [spendingPlot, servicePlot, gossipPlot, agreementPlot, distancePlot, coordinatePlot].compactMap(\.self)
    }

    /// Rows of a table at most, evenly taken.
    private static func thin<Element>(_ elements: [Element], to limit: Int = 48) -> [Element] {
        guard elements.count > limit else { return elements }
        return (0..<limit).map { elements[$0 * (elements.count - 1) / (limit - 1)] }
    }

    // MARK: Spending

    private var spendingPlot: PlotFigure? {
        guard spending.samples.count > 2 else { return nil }
        let largest = max(0.02, spending.most)
        let y = largest > 0.4 ? Axis.percent() : Axis.numbers(upTo: largest) { Figures.percent($0) }
        var plot = Plot(x: .time(world.length), y: y)
        let samples = spending.samples.map { (at: $0.at.inSeconds, sample: $0) }
        for pace in calendar { plot.line(pace, "grey dashed") }
        if spending.lines.isEmpty {
            plot.band(samples.map { ($0.at, $0.sample.p10) }, samples.map { ($0.at, $0.sample.p90) }, "blue")
            plot.line(samples.map { ($0.at, $0.sample.max) }, "thin")
        }
        for line in spending.lines {
            for piece in Self.pieces(line, at: samples.map(\.at)) { plot.line(piece, "thin") }
        }
        plot.line(samples.map { ($0.at, $0.sample.p50) }, "blue")
        if let pace = calendar.first, pace.count > 1, y.range.upperBound >= 0.99 {
            let (from, to) = (pace[0], pace[pace.count - 1])
            let part = 0.62
            plot.label(
                "the calendar", x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part, anchor: "end",
                above: 8, "grey")
        }
        let lines =
            spending.lines.isEmpty ? "nine tenths of the nodes lie in or below the band" : "one thin line a node"
        return PlotFigure(
            title: "Nobody spends more than it gives",
            take: "Part of its share that a node has sent in its period: \(lines), the strong one is the middle node. "
                + "The most that anybody came to is \(Figures.percent(spending.most)).",
            svg: plot.svg(title: "Spend of the nodes over time", unit: "of the share"),
            table: MarkupTable(
                heads: ["after", "10 %", "median", "90 %", "most"],
                rows: Self.thin(spending.samples).map { sample in
                    [Figures.duration(sample.at)]
                        + [sample.p10, sample.p50, sample.p90, sample.max].map(Figures.percent)
                }))
    }

    /// From nothing to all in each period, as far as the run goes: spending evenly follows it.
    private var calendar: [[(x: Double, y: Double)]] {
        let (period, end) = (spending.period.inSeconds, world.length.inSeconds)
        guard period > 0, end / period <= 60 else { return [] }
        return (0..<Int((end / period).rounded(.up))).map { number in
            let start = Double(number) * period
            let stop = min(end, start + period)
            return [(start, 0), (stop, (stop - start) / period)]
        }
    }

    /// A node's line breaks where it does not run, and where a period ends.
    private static func pieces(_ line: [Double?], at times: [Double]) -> [[(x: Double, y: Double)]] {
        var pieces: [[(x: Double, y: Double)]] = [[]]
        for (value, at) in zip(line, times) {
            guard let value else {
                pieces.append([])
                continue
            }
            if let last = pieces[pieces.count - 1].last, value < last.y { pieces.append([]) }
            pieces[pieces.count - 1].append((at, value))
        }
        return pieces.filter { $0.count > 1 }
    }

    // MARK: Service

    /// Bars at most.
    private static let barLimit = 120

    private var servicePlot: PlotFigure? {
        guard service.requests > 0, !service.hours.isEmpty else { return nil }
        let hoursOfBar = (service.hours.count + Self.barLimit - 1) / Self.barLimit
        let bars = stride(from: 0, to: service.hours.count, by: hoursOfBar).map { first in
            let hours = service.hours[first..<min(service.hours.count, first + hoursOfBar)]
            return (
                at: Double(first * 3600), served: hours.reduce(0) { $0 + $1.served },
                refused: hours.reduce(0) { $0 + $1.refused }
            )
        }
        let most = bars.map { $0.served + $0.refused }.max() ?? 1
        var plot = Plot(
            x: .time(max(world.length, .seconds(service.hours.count * 3600))),
            y: .numbers(upTo: Double(most)) { Figures.count(Int($0)) })
        for bar in bars {
            let stretch = bar.at...(bar.at + Double(hoursOfBar) * 3600)
            let title = "\(Figures.count(bar.served)) served, \(Figures.count(bar.refused)) refused"
            plot.bar(stretch, from: 0, to: Double(bar.served), "blue", title: title)
            plot.bar(stretch, from: Double(bar.served), to: Double(bar.served + bar.refused), "orange", title: title)
        }
        let span = hoursOfBar == 1 ? "an hour" : "\(hoursOfBar) hours"
        return PlotFigure(
            title: service.refusedCount == 0 ? "Everybody was served" : "Served, and refused",
            take: serviceSentence,
            svg: plot.svg(title: "Downloads served and refused over time", unit: "downloads in \(span)"),
            table: MarkupTable(
                heads: ["from", "served", "refused"],
                rows: Self.thin(bars, to: Self.barLimit).map {
                    [Figures.duration(.seconds($0.at)), Figures.count($0.served), Figures.count($0.refused)]
                }))
    }

    private var serviceSentence: String {
        let served = "Blue: \(Figures.count(service.served)) downloads, \(service.sent)."
        guard let worst = service.refused.first else { return served + " Nobody was turned away." }
        return served + " Orange: \(Figures.count(service.refusedCount)) were refused, most because "
            + Self.sentence(for: worst.reason) + "."
    }

    // MARK: Gossip

    private var gossipPlot: PlotFigure? {
        guard let sent = gossip.sent, !gossip.bins.isEmpty else { return nil }
        let rivals = gossip.memberlist.filter { $0.total > .zero }
        let values = [sent.p50, sent.max, gossip.bound] + rivals.map(\.total) + gossip.bins.map(\.from)
        guard let low = values.filter({ $0 > .zero }).min(), let high = values.max() else { return nil }
        let most = gossip.bins.map(\.nodes).max() ?? 1
        var plot = Plot(
            x: .sizes(low...high), y: .numbers(upTo: Double(most) * 1.25) { Figures.count(Int($0)) })
        for bin in gossip.bins where bin.nodes > 0 {
            plot.bar(
                Double(bin.from.bytes)...Double(bin.to.bytes), from: 0, to: Double(bin.nodes), "blue",
                title: "\(bin.nodes) nodes sent \(bin.from) to \(bin.to)")
        }
        if gossip.bound > .zero {
            plot.mark(at: Double(gossip.bound.bytes), "allowed: \(Figures.size(gossip.bound))", row: 0, "grey dashed")
        }
        for (row, rival) in rivals.sorted(by: { $0.total < $1.total }).enumerated() {
            plot.mark(
                at: Double(rival.total.bytes), "\(rival.name): \(Figures.size(rival.total))", row: row + 1, "orange")
        }
        let rows = [("sent", gossip.sent), ("received", gossip.received)].compactMap { name, sizes in
            sizes.map { [name] + [$0.p50, $0.p90, $0.p99, $0.max].map { "\($0)" } }
        }
        return PlotFigure(
            title: "Staying in touch costs \(Figures.size(sent.p50)) a month",
            take: "Overlay bytes that a node sends in 30 days, and how many nodes send so much. In orange, what "
                + "memberlist’s defaults would send in a network of this size, computed.",
            svg: plot.svg(title: "Overlay bytes of the nodes in a month", unit: "nodes"),
            table: MarkupTable(
                heads: ["a node in a month", "median", "90 %", "99 %", "most"],
                rows: rows
                    + gossip.sentFor.named.map { ["sent for \($0.name), in the mean", "\($0.size)", "", "", ""] }
                    + rivals.map { ["\($0.name) (computed)", "\($0.total)", "", "", ""] }))
    }

    // MARK: Agreement

    private var agreementPlot: PlotFigure? {
        guard agreement.samples.count > 2 else { return nil }
        var plot = Plot(x: .time(world.length), y: .percent())
        plot.steps(agreement.samples.map { ($0.at.inSeconds, $0.nodes) }, "blue", isFilled: true)
        let worst = agreement.recoveries.compactMap(\.took).max()
        let isReached = agreement.recoveries.allSatisfy { $0.took != nil }
        let take =
            worst.map { worst in
                isReached
                    ? "After the start and after every fault that ended, all agreed within \(Figures.duration(worst))."
                    : "Where all came to agree, it took \(Figures.duration(worst)) at most."
            } ?? "They have not come to agree."
        return PlotFigure(
            title: agreement.isComplete ? "In the end all agree on who is there" : "Not all agree on who is there",
            take: "Part of the running nodes whose tables are right about everybody. \(take)",
            svg: plot.svg(title: "Nodes with a right table over time", unit: "of the nodes"),
            table: MarkupTable(
                heads: ["after", "nodes that are right", "entries that are right"],
                rows: Self.thin(agreement.samples).map {
                    [Figures.duration($0.at), Figures.percent($0.nodes), Figures.percent($0.entries)]
                }))
    }

    // MARK: Distance

    private var distancePlot: PlotFigure? {
        guard let there = service.roundTrip, let nearest = service.nearest, let mean = service.meanRoundTrip,
            let meanNearest = service.meanNearest
        else { return nil }
        let largest = max(1, max(there.p99, nearest.p99).inSeconds * 1000)
        var plot = Plot(x: .numbers(upTo: largest) { "\(Int($0)) ms" }, y: .percent())
        func points(_ curve: [Duration]) -> [(x: Double, y: Double)] {
            [(0, 0)]
                + curve.enumerated().map { ($1.inSeconds * 1000, Double($0 + 1) / Double(curve.count)) }
                .filter { $0.0 <= plot.x.range.upperBound }
        }
        plot.line(points(service.nearestCurve), "grey dashed")
        plot.line(points(service.roundTripCurve), "blue")
        let ratio = mean.inSeconds / max(1e-9, meanNearest.inSeconds)
        return PlotFigure(
            title: "Close to the clients",
            take:
                "Part of the downloads that came from no farther than this round trip; dashed, from the nearest holder "
                + "that could have sent them. "
                + (ratio < 1.005
                    ? "Nobody could have been nearer." : "In the mean, \(Figures.short(ratio, 2)) times as far."),
            svg: plot.svg(title: "Round trips to who served, and to the nearest able holder", unit: "of downloads"),
            table: MarkupTable(
                heads: ["round trip", "median", "90 %", "99 %", "most"],
                rows: [("to who served", there), ("to the nearest able holder", nearest)].map { name, durations in
                    [name] + [durations.p50, durations.p90, durations.p99, durations.max].map(Figures.duration)
                }))
    }

    // MARK: Coordinates

    private var coordinatePlot: PlotFigure? {
        guard coordinates.count > 1, let last = coordinates.last else { return nil }
        var plot = Plot(
            x: .numbers(upTo: last.samples) { Figures.count(Int($0)) },
            y: .numbers(upTo: coordinates.map(\.error).max() ?? 1) { Figures.short($0, 2) })
        plot.line(coordinates.map { ($0.samples, $0.error) }, "blue")
        return PlotFigure(
            title: "Coordinates learn the distances",
            take: "Median error of a predicted round trip, as a part of the true one, by the samples a node has taken. "
                + "After \(Figures.count(Int(last.samples.rounded()))), the predicted nearest of three is "
                + "\(Figures.duration(last.penalty)) farther than the true one.",
            svg: plot.svg(title: "Error of coordinates by samples", unit: "relative error"),
            table: MarkupTable(
                heads: ["samples", "after", "median error", "nearest of three"],
                rows: coordinates.map {
                    [
                        Figures.fixed($0.samples, 0), Figures.duration($0.at), Figures.fixed($0.error, 3),
                        "+ \(Figures.duration($0.penalty))",
                    ]
                }))
    }
}
