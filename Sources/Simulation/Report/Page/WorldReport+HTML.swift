internal import Primitives

extension WorldReport {
    /// For people: one page that stands by itself, without scripts and without anything to be fetched.
    public var html: String {
        var page = Markup()
        page.add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        page.add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        page.element("title", words: "\(title) – Potluck")
        page.add("<style>\(Style.css)</style>\n</head>\n<body>\n")
        writeHead(to: &page)
        page.element("main") { page in
            writeMap(to: &page)
            page.element("div", "class=\"plots\"") { page in
                for plot in plots { plot.write(to: &page) }
                writeNewsTable(to: &page)
            }
        }
        writeFoot(to: &page)
        page.add("</body>\n</html>\n")
        return page.text
    }

    private var title: String { world.name.isEmpty ? "A world" : world.name }

    // MARK: Head

    private func writeHead(to page: inout Markup) {
        page.element("header") { page in
            page.element("p", "class=\"over\"") { page in
                page.element("b", words: "Potluck")
                page.add(" · a simulated world: " + Markup.escaped("\(title), \(circumstances)"))
            }
            // A figure and its sign stay together.
            page.element("h1") {
                $0.add(
                    Markup.escaped(headline).split(separator: " %", omittingEmptySubsequences: false).joined(
                        separator: "&#160;%"))
            }
            if !world.summary.isEmpty { page.element("p", "class=\"lead\"", words: world.summary) }
            if !violations.isEmpty {
                page.element("ul", "class=\"broken\"") { page in
                    for violation in violations { page.element("li", words: violation) }
                }
            }
            page.element("dl", "class=\"figures\"") { page in
                for figure in keyFigures {
                    page.element("div") { page in
                        page.element("dt", words: figure.meaning)
                        page.element("dd", figure.isBad ? "class=\"bad\"" : "", words: figure.value)
                    }
                }
            }
        }
    }

    private var circumstances: String {
        let loss = world.loss > 0 ? ", \(Figures.percent(world.loss)) of all datagrams lost" : ""
        return "\(Figures.count(world.nodes)) nodes, \(Figures.span(world.length))\(loss)"
    }

    private struct KeyFigure {
        let value: String
        let meaning: String
        var isBad = false
    }

    private var keyFigures: [KeyFigure] {
        var figures: [KeyFigure] = []
        if let part = service.shareOfOptimum {
            figures.append(
                KeyFigure(
                    value: Figures.percent(part),
                    meaning: "of what somebody who knew every request in advance could have served"))
        }
        if let there = service.meanRoundTrip, let nearest = service.meanNearest {
            figures.append(
                KeyFigure(
                    value: Figures.duration(there),
                    meaning:
                        "from clients and back, in the mean; \(Figures.duration(nearest)) to the nearest able holder"))
        }
        if let sent = gossip.sent {
            figures.append(
                KeyFigure(
                    value: Figures.size(sent.p99),
                    meaning: "a month to stay in touch, for 99 of 100 nodes; \(Figures.size(gossip.bound)) are allowed",
                    isBad: gossip.beyondBound > 0))
        }
        if let age = news.age {
            figures.append(
                KeyFigure(value: Figures.duration(age.p99), meaning: "until a changed level is known, 99 times of 100"))
        }
        if let took = agreement.recoveries.last(where: { $0.took != nil })?.took {
            let after = agreement.recoveries.count > 1 ? "the last fault" : "the start"
            figures.append(
                KeyFigure(value: Figures.duration(took), meaning: "after \(after) all agreed on who is there"))
        }
        figures.append(
            KeyFigure(
                value: "\(liveness.falseDeaths)", meaning: "live nodes were declared dead",
                isBad: liveness.falseDeaths > 0))
        return figures
    }

    // MARK: Map

    private func writeMap(to page: inout Markup) {
        guard !map.nodes.isEmpty else { return }
        page.element("figure", "class=\"map\"") { page in
            page.add(WorldMap(map: map).svg)
            page.element("ul", "class=\"key\"") { page in
                page.element("li") { page in
                    page.add(
                        "<svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><circle class=\"share\" cx=\"10\" cy=\"10\" r=\"8.5\"/><circle class=\"spent\" cx=\"10\" cy=\"10\" r=\"5\"/></svg>"
                    )
                    page.add("a node: the ring is what it gives, the disc what it has sent of that")
                }
                if !map.regions.isEmpty {
                    page.element("li") { page in
                        page.add(
                            "<svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><path class=\"region\" d=\"M10 4l6 6-6 6-6-6Z\"/></svg>"
                        )
                        page.add("clients")
                    }
                    page.element("li") { page in
                        page.add(
                            "<svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><path class=\"flow\" stroke-width=\"2.4\" d=\"M1 14Q10 4 19 12\"/></svg>"
                        )
                        page.add(
                            map.flows.count >= WorldReport.Map.flowLimit
                                ? "the largest flows between them" : "what flowed between them")
                    }
                }
            }
            MarkupDetails.write(nodeTable, summary: "The nodes as a table", to: &page)
        }
    }

    private var nodeTable: MarkupTable {
        let nodes = map.nodes.sorted { ($1.spent, $0.name) < ($0.spent, $1.name) }
        return MarkupTable(
            heads: ["node", "place", "gives", "sent in all"],
            rows: nodes.prefix(200).map { [$0.name, "\($0.place)", "\($0.share)", "\($0.spent)"] })
    }

    // MARK: News

    private func writeNewsTable(to page: inout Markup) {
        let rows: [(String, Quantiles<Duration>?)] = [
            ("a changed level, where it is learnt", news.age),
            ("“I have nothing left”, known to 99 of 100", news.exhausted),
            ("“I have something again”, known to 99 of 100", news.refilled),
            ("a death, from the third verdict to 99 of 100", news.deaths),
            ("a node that stops, to the first verdict", liveness.firstVerdict),
            ("a node that stops, to the third verdict", liveness.lastVerdict),
            ("a node that stops, known to 99 of 100", liveness.known),
            ("a live node wrongly suspected, until it answers", liveness.wrongSpell),
            ("a busy holder that stops, until no client is sent there", liveness.passedOver),
            ("a busy live holder wrongly passed over, until it answers", liveness.wrongPassSpell),
            ("from one pulse to the next", pulses.interval),
        ]
        let table = MarkupTable(
            heads: ["", "times", "median", "90 %", "99 %", "longest"],
            rows: rows.compactMap { name, durations in
                durations.map {
                    [name, Figures.count($0.count)] + [$0.p50, $0.p90, $0.p99, $0.max].map(Figures.duration)
                }
            })
        guard !table.rows.isEmpty else { return }
        page.element("figure", "class=\"wide plain\"") { page in
            page.element("h2", words: "How fast news travel")
            page.element("p", "class=\"take\"", words: newsSentence)
            table.write(to: &page)
        }
    }

    private var newsSentence: String {
        guard let size = pulses.meanSize else { return "Nobody had anything to say." }
        let suspicions =
            liveness.wrongSuspicions == 0
            ? "No live node was ever suspected."
            : "Live nodes were suspected \(Figures.count(liveness.wrongSuspicions)) times, until they answered."
        return "A pulse takes \(size.bytes) bytes with all headers. \(suspicions)"
    }

    // MARK: Foot

    private func writeFoot(to page: inout Markup) {
        page.element("footer") { page in
            page.element("p") { page in
                page.add("The same topology and seed give the same page, byte for byte: <code>")
                page.add(Markup.escaped("node simulate <topology> --seed \(world.seed) --report <page>"))
                page.add("</code>")
            }
            page.element(
                "p",
                words: "Every node runs the very decisions that a real one runs; wires, disks, clocks and clients are "
                    + "simulated. Overlay bytes count IP and UDP headers and the seal; a month has 30 days. Land: Natural "
                    + "Earth, in the public domain.")
        }
    }
}

/// What is there for those who want the figures themselves.
enum MarkupDetails {
    static func write(_ table: MarkupTable, summary: String, to page: inout Markup) {
        page.element("details") { page in
            page.element("summary", words: summary)
            table.write(to: &page)
        }
    }
}
