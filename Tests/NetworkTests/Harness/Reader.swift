import Foundation
import Geography
import Primitives

/// People with curl, all asking at once.
struct Readers: Sendable {
    let directory: TemporaryDirectory

    /// What one of them asks.
    struct Question: Sendable {
        var link: String
        /// Where they seem to be.
        var address: IPAddress
        var method = "GET"
        var followsRedirects = true
    }

    /// What one of them got.
    struct Answer: Sendable {
        var status: Int
        /// The last URL that was asked.
        var url: String
        /// Where the last answer redirects to.
        var location: String
        var redirects: Int
        var bytes: Int64
        var retryAfter: String
        /// curl's own verdict on the transfer; 0 is good.
        var exit: Int
        var body: URL
    }

    /// The most that curl does in parallel.
    static let limit = 300

    init() throws {
        directory = try TemporaryDirectory("get")
    }

    func leave() {
        directory.remove()
    }

    /// All questions in parallel.
    /// - Parameter bytesPerSecond: how fast each of them reads.
    func ask(_ questions: [Question], bytesPerSecond: Int64? = nil) async throws -> [Answer] {
        let round = directory.url.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: round, withIntermediateDirectories: false)
        let bodies = questions.indices.map { round.appending(path: "\($0)") }
        let sections = zip(questions, bodies).enumerated().map { index, pair in
            section(index, pair.0, body: pair.1, bytesPerSecond: bytesPerSecond)
        }
        let configuration = round.appending(path: "curl")
        try Data(sections.joined(separator: "next\n").utf8).write(to: configuration)
        let outcome = try await Outcome.of(
            "/usr/bin/curl",
            [
                "--disable", "--parallel", "--parallel-immediate", "--parallel-max", "\(Self.limit)", "--config",
                configuration.path(percentEncoded: false),
            ], environment: Program.environment)
        var answers: [Int: Answer] = [:]
        for line in outcome.output.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 8, let index = Int(fields[0]), bodies.indices.contains(index) else { continue }
            answers[index] = Answer(
                status: Int(fields[1]) ?? 0, url: fields[2], location: fields[3], redirects: Int(fields[4]) ?? 0,
                bytes: Int64(fields[5]) ?? 0, retryAfter: fields[6], exit: Int(fields[7]) ?? -1, body: bodies[index])
        }
        guard answers.count == questions.count else {
            throw NeverHappened(description: "curl answered \(answers.count) of \(questions.count): \(outcome.errors)")
        }
        return questions.indices.compactMap { answers[$0] }
    }

    private func section(_ index: Int, _ question: Question, body: URL, bytesPerSecond: Int64?) -> String {
        let facts = [
            "\(index)", "%{http_code}", "%{url_effective}", "%{redirect_url}", "%{num_redirects}", "%{size_download}",
            "%header{retry-after}", "%{exitcode}",
        ]
        var lines = [
            "url = \"\(question.link)\"", "header = \"X-Forwarded-For: \(question.address)\"", "silent",
            "output = \"\(body.path(percentEncoded: false))\"", "max-time = 120", "max-redirs = 3",
            "write-out = \"\(facts.joined(separator: "\\t"))\\n\"",
        ]
        if question.followsRedirects { lines.append("location") }
        if question.method == "HEAD" { lines.append("head") }
        if let bytesPerSecond { lines.append("limit-rate = \(bytesPerSecond)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Readers.Answer {
    /// Whether exactly this file arrived.
    func isRight(_ file: URL) -> Bool {
        status == 200 && exit == 0
            && FileManager.default.contentsEqual(
                atPath: body.path(percentEncoded: false), andPath: file.path(percentEncoded: false))
    }
}

/// Addresses out of the country table that nodes use.
struct CountryAddresses {
    private let ranges: [(first: UInt32, last: UInt32, country: Substring)]
    let atlas: Atlas

    /// Where Debian's tor-geoipdb puts it; the nodes are told to take it, too.
    static let folder = "/usr/share/tor"

    init() throws {
        let table = try String(contentsOfFile: Self.folder + "/geoip", encoding: .utf8)
        ranges = table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ",")
            guard fields.count == 3, let first = UInt32(fields[0]), let last = UInt32(fields[1]) else { return nil }
            return (first, last, fields[2])
        }
        atlas = try Atlas(.path(Self.folder))
    }

    func first(in country: String) throws -> IPAddress {
        guard let range = ranges.first(where: { $0.country == country }) else {
            throw NeverHappened(description: "no address in \(country)")
        }
        return .v4(range.first + 1)
    }

    /// Each in a /24 of its own: people who have nothing to do with one another.
    func neighbourhoods(in country: String, count: Int) -> [IPAddress] {
        let starts = ranges.lazy.filter { $0.country == country }.flatMap { range in
            stride(from: (range.first | 255) &+ 1, to: max(range.first | 255, range.last - 255), by: 256)
        }
        return starts.prefix(count).map { .v4($0 + 1) }
    }

    /// Drawn evenly from the blocks, where the block has a place.
    func draw(_ count: Int, seed: UInt64) -> [(address: IPAddress, place: Place)] {
        var generator = Generator(seed: seed)
        var drawn: [(address: IPAddress, place: Place)] = []
        while drawn.count < count {
            guard let range = ranges.randomElement(using: &generator) else { return [] }
            let address = IPAddress.v4(UInt32.random(in: range.first...range.last, using: &generator))
            if let place = atlas.place(of: address) { drawn.append((address, place)) }
        }
        return drawn
    }
}
