internal import Primitives

extension TopologyReader {
    private static let fileKeys = ["name", "count", "length", "publisher", "posted", "replicas"]
    private static let demandKeys = ["requests", "zipf", "rhythm", "ask", "crowds"]
    private static let crowdKeys = ["file", "at", "for", "requests"]

    // MARK: Files

    mutating func readFiles(_ written: Written) throws(TopologyError) {
        for item in try written.items() { try readFileGroup(item) }
    }

    private mutating func readFileGroup(_ written: Written) throws(TopologyError) {
        let entries = try written.entries(among: Self.fileKeys)
        let name = try newName(try entries.required("name", example: "film"), besides: files)
        let count = try entries.read("count", TopologyText.count(1...Topology.fileLimit))
        let total = topology.files.count + (count ?? 1)
        guard total <= Topology.fileLimit else {
            throw written.complaint(
                "this makes \(total) files; a world has at most \(Topology.fileLimit), so lower a “count”")
        }
        let length = try entries.required("length", example: "700MB").read(TopologyText.sizes)
        let publishers = try members(try entries.required("publisher", example: topology.nodes.first?.name ?? "home"))
        let posted = try entries["posted"].map { (written) throws(TopologyError) in
            try moments(written)
        }
        let replicas = try entries.read("replicas", TopologyText.count(0...Int(UInt8.max))).map { UInt8($0) } ?? 3
        var draws = generator.split()
        let first = topology.files.count
        for index in 0..<(count ?? 1) {
            let own = count == nil ? name : "\(name)-\(index + 1)"
            guard count == nil || files[own] == nil else {
                throw written.complaint("“\(own)” is the name of a file already; choose another for the group")
            }
            let publisher = publishers[Int.random(in: 0..<publishers.count, using: &draws)]
            topology.files.append(
                Topology.File(
                    name: own, length: draw(length, using: &draws), publisher: publisher,
                    postedAt: draw(posted ?? .zero ... .zero, using: &draws), replicas: replicas))
            files[own] = [first + index]
        }
        if count != nil { files[name] = Array(first..<topology.files.count) }
    }

    // MARK: Demand

    mutating func readDemand(_ written: Written) throws(TopologyError) {
        let entries = try written.entries(among: Self.demandKeys)
        var demand = Topology.Demand()
        demand.requestsPerDay = try entries.read("requests", TopologyText.frequency) ?? 0
        demand.exponent = try entries.read("zipf", TopologyText.decimal(0...5)) ?? demand.exponent
        demand.rhythm = try entries.read("rhythm", TopologyText.part) ?? demand.rhythm
        demand.entry = try entries.read("ask", TopologyText.entry) ?? demand.entry
        for item in try entries["crowds"]?.items() ?? [] { demand.flashCrowds.append(try crowd(item)) }
        topology.demand = demand
        guard demand.requestsPerDay > 0 || !demand.flashCrowds.isEmpty else { return }
        guard !topology.files.isEmpty else {
            throw written.complaint("there is nothing to ask for; write “files:” too")
        }
        guard !topology.clients.isEmpty else {
            throw written.complaint("there is nobody who asks; write for example “clients: world”")
        }
    }

    private func crowd(_ written: Written) throws(TopologyError) -> Topology.FlashCrowd {
        let entries = try written.entries(among: Self.crowdKeys)
        let file = try entries.required("file", example: topology.files.first?.name ?? "film")
        let name = try file.text()
        guard let positions = files[name], positions.count == 1 else {
            let meant = Nearest.word(to: name, of: files.keys.sorted()).map { "did you mean “\($0)”?" }
            throw file.complaint(
                "“\(name.excerpt)” is no file; "
                    + (meant ?? "write the name of one, or \(Self.someOf("film")) for one of a group"))
        }
        let at = try moments(try entries.required("at", example: "12h")).lowerBound
        guard at >= topology.files[positions[0]].postedAt else {
            throw (entries["at"] ?? written).complaint(
                "nobody can want “\(name)” before it is posted; write a later time")
        }
        return Topology.FlashCrowd(
            file: positions[0], at: at,
            for: try entries.required("for", example: "1h").read(TopologyText.positiveDuration),
            requests: try entries.required("requests", example: "1000").read(TopologyText.count(1...1_000_000_000)))
    }

    static func someOf(_ group: String) -> String { "\(group)-1" }

    /// A time within the run.
    func moments(_ written: Written) throws(TopologyError) -> ClosedRange<Duration> {
        let moments = try written.read(TopologyText.durations)
        guard moments.upperBound < topology.length else {
            throw written.complaint(
                "“\(try written.text().excerpt)” comes after the end of the run; write an earlier time, or more “days”")
        }
        return moments
    }
}
