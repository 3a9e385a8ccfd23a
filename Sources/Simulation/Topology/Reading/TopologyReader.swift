internal import Primitives

extension Topology {
    /// Reads a topology file; `topology/README.md` tells what stands in it.
    /// - Parameters:
    ///   - yaml: its text.
    ///   - file: its path, for complaints, and where the paths of files that it names begin.
    ///   - seed: what groups are drawn from, and the run is; the file's own where there is none.
    ///   - read: the text of another file, or nothing where it cannot be read.
    /// - Throws: what is wrong first, with its line.
    public init(
        yaml: String, file: String, seed: UInt64? = nil, read: @escaping (String) -> String?
    ) throws(TopologyError) {
        let root = try Written(yaml: yaml, file: file)
        let entries = try root.entries(among: TopologyReader.keys)
        let written = try entries.read("seed", TopologyText.count(0...Int.max)).map { UInt64($0) }
        var reader = TopologyReader(file: file, seed: seed ?? written ?? 1, read: read)
        try reader.read(entries)
        self = reader.topology
    }
}

/// What was read of a topology file so far.
struct TopologyReader {
    var topology = Topology()
    let file: String
    /// The text of another file.
    let read: (String) -> String?
    /// What is drawn of ranges and places, each group with a generator of its own.
    var generator: Generator
    /// Positions of nodes by their own names and those of groups.
    var nodes: [String: [Int]] = [:]
    /// Positions of files, likewise.
    var files: [String: [Int]] = [:]

    static let keys = [
        "name", "summary", "seed", "days", "pulse", "nodes", "links", "clients", "files", "demand", "faults",
    ]

    init(file: String, seed: UInt64, read: @escaping (String) -> String?) {
        self.file = file
        self.read = read
        topology.seed = seed
        // Another than the run's, which begins with the same seed.
        generator = Generator(seed: Generator.mix(seed ^ 0x706f_746c_7563_6b21))
    }

    mutating func read(_ entries: Entries) throws(TopologyError) {
        topology.name = try entries["name"]?.words(limit: 80) ?? Self.stem(of: file)
        topology.summary = try entries["summary"]?.words(limit: 400) ?? ""
        topology.length = try entries.read("days", TopologyText.days) ?? topology.length
        topology.pulse = try entries.read("pulse", TopologyText.pulse) ?? nil
        if let links = entries["links"] { try readLinks(links) }
        try readNodes(try entries.required("nodes", example: "[{name: home, location: Berlin}]"))
        if let clients = entries["clients"] { try readClients(clients) }
        if let files = entries["files"] { try readFiles(files) }
        if let demand = entries["demand"] { try readDemand(demand) }
        if let faults = entries["faults"] { try readFaults(faults) }
    }

    // MARK: Places

    /// Places, by their weights where they have some.
    func spots(_ written: Written) throws(TopologyError) -> Spots {
        var spots = Spots()
        if written.isMapping {
            for (name, weight) in try written.pairs() {
                try add(name, weight: try weight.read(TopologyText.decimal(0...1_000_000)), to: &spots)
            }
        } else {
            for item in try written.items(orOne: true) { try add(item, weight: 1, to: &spots) }
        }
        guard spots.total > 0 else {
            throw written.complaint("there is no place with a weight here; write for example {europe: 3, Tokyo: 1}")
        }
        return spots
    }

    private func add(_ name: Written, weight: Double, to spots: inout Spots) throws(TopologyError) {
        let text = try name.text()
        guard !spots.add(text, weight: weight) else { return }
        let places = Cities.all.map(\.name) + Cities.continents + [Cities.world]
        let meant = Nearest.word(to: text, of: places).map { "did you mean “\($0)”?" }
        throw name.complaint(
            "“\(text.excerpt)” is no place that is known here; "
                + (meant
                    ?? "write a latitude and longitude such as 52.52,13.40, a country such as DE, a large city, or "
                    + TopologyText.alternatives(Cities.continents + [Cities.world])))
    }

    // MARK: Drawing

    /// Of sizes, each doubling is as likely as another.
    func draw(_ range: ClosedRange<ByteCount>, using generator: inout Generator) -> ByteCount {
        guard range.lowerBound < range.upperBound else { return range.lowerBound }
        let (lower, upper) = (Double(range.lowerBound.bytes), Double(range.upperBound.bytes))
        let part = Double.random(in: 0..<1, using: &generator)
        let drawn = ByteCount(Int64((lower * Elementary.exp(part * Elementary.log(upper / lower))).rounded()))
        return min(max(drawn, range.lowerBound), range.upperBound)
    }

    /// Of times, each is as likely as another.
    func draw(_ range: ClosedRange<Duration>, using generator: inout Generator) -> Duration {
        .milliseconds(
            Int64.random(
                in: range.lowerBound.wholeMilliseconds...range.upperBound.wholeMilliseconds, using: &generator))
    }

    // MARK: Names

    /// A name of its own for a node, a file or a group of them.
    func newName(_ written: Written, besides taken: [String: [Int]]) throws(TopologyError) -> String {
        let name = try written.text()
        let isWellFormed =
            name.first?.isLetter == true && name.utf8.count <= 40
            && name.utf8.allSatisfy { byte in
                byte >= 48 && byte <= 57 || byte >= 65 && byte <= 90 || byte >= 97 && byte <= 122
                    || " ._-".utf8.contains(byte)
            }
        guard isWellFormed else {
            throw written.complaint(
                "“\(name.excerpt)” cannot be a name here; begin with a letter, and use letters a to z, digits, dots, "
                    + "dashes and spaces, 40 at most")
        }
        guard !([Cities.world, Self.everybody] + Cities.continents).contains(name.lowercased()) else {
            throw written.complaint("“\(name)” means something else already; choose another name")
        }
        guard taken[name] == nil else {
            throw written.complaint("“\(name)” is a name already; choose another")
        }
        return name
    }

    static let everybody = "everybody"

    /// `"split"` of `"topology/split.yaml"`.
    private static func stem(of path: String) -> String {
        let last = path.split(separator: "/").last ?? ""
        return String(last.hasSuffix(".yaml") ? last.dropLast(5) : last)
    }
}
