import ArgumentParser
import Console
import Primitives

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain where a downloader would be sent, and why not to the others.",
        discussion: """
            Example:
              node why http://192.0.2.1:8080/f/…/holiday.mp4 --from 198.51.100.7
            """)

    @Argument(help: "The link of the file, or the 52 characters in it.")
    var link: String

    @Option(help: ArgumentHelp("The IP address of the downloader.", valueName: "address"))
    var from: String

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        let file = try FileArgument.file(in: link)
        guard let address = IPAddress(from) else {
            throw Complaint(
                "“\(FileName.printable(from))” is no IP address; give one such as 192.0.2.7 or 2001:db8::7 with --from."
            )
        }
        let parameters = ["file": file.description, "from": address.description]
        try await reading.show(API.Path.why, parameters) { (decision: DecisionView, terminal) in
            Self.show(decision, on: terminal)
        }
    }

    static func show(_ decision: DecisionView, on terminal: Terminal) {
        for line in lines(decision, width: terminal.resultWidth) { terminal.print(line) }
    }

    static func lines(_ decision: DecisionView, width: Int? = nil) -> [String] {
        let place = decision.place.map { "at \($0)" } ?? "at an unknown place"
        var lines = ["A downloader from \(decision.from) (\(place)) \(outcome(decision))."]
        if !decision.candidates.isEmpty {
            lines += ["", "Could serve, best first:"]
            lines += candidates(decision.candidates).lines(width: width)
        }
        if !decision.exclusions.isEmpty {
            lines += ["", "Could not:"]
            var table = Table([.init("NODE"), .init("REASON")])
            for exclusion in decision.exclusions { table.append([exclusion.node.shown, exclusion.reason]) }
            lines += table.lines(width: width)
        }
        return lines
    }

    private static func outcome(_ decision: DecisionView) -> String {
        switch decision.choice {
        case .here: "is served here"
        case .redirect: "is sent to \(decision.redirect?.shown ?? "another node"), \(decision.location ?? "")"
        case .unknown: "gets 404: no member knows this file"
        case .gone: "gets 410: this file is not offered any more"
        case .nobody: "gets 503, since \(decision.shortage ?? "nobody can serve it now")"
        }
    }

    private static func candidates(_ candidates: [CandidateView]) -> Table {
        var table = Table([
            .init("NODE", isFlexible: true), .init("SCORE", .right), .init("ROUND TRIP", .right),
            .init("DISTANCE", .right), .init("LEFT", .right), .init("SPENT", .right), .init("LOAD", .right),
        ])
        for candidate in candidates {
            let distance = candidate.distanceKilometres.map { "\(Int($0.rounded())) km" } ?? "–"
            let score = "\((candidate.score * 1000).rounded() / 1000)"
            let name = candidate.node.shown + (candidate.isThisNode ? " (this node)" : "")
            table.append([
                name, score, Words.milliseconds(candidate.roundTripMilliseconds), distance,
                candidate.remaining?.description ?? "–", "\(Int((candidate.spent * 100).rounded())) %",
                "\(candidate.load)",
            ])
        }
        return table
    }
}
