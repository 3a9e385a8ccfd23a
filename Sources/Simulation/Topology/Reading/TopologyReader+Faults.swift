internal import Primitives

extension TopologyReader {
    /// What each kind of fault is called, and the keys that it has of its own.
    private static let kinds: [(name: String, keys: [String])] = [
        ("crash", []), ("pause", []), ("partition", ["oneWay"]), ("split", ["sides"]), ("loss", ["part"]),
        ("delay", ["by"]), ("slow-disk", ["factor"]), ("full-disk", []), ("torn-writes", []), ("clock-jump", ["by"]),
        ("lie", ["as"]),
    ]

    mutating func readFaults(_ written: Written) throws(TopologyError) {
        let items = try written.items()
        guard items.count <= Topology.faultLimit else {
            throw written.complaint("\(items.count) faults are too many; write at most \(Topology.faultLimit)")
        }
        for item in items { topology.faults.append(try fault(item)) }
    }

    private func fault(_ written: Written) throws(TopologyError) -> Topology.Fault {
        let all = ["kind", "who", "at", "for", "every"] + Self.kinds.flatMap(\.keys)
        let kind = try written.entries(among: all).required("kind", example: "crash")
        let name = try kind.read(TopologyText.word(Self.kinds.map { ($0.name, $0.name) }))
        let own = Self.kinds.first { $0.name == name }?.keys ?? []
        let common = name == "split" ? ["kind", "at", "for", "every"] : ["kind", "who", "at", "for", "every"]
        let entries = try written.entries(among: common + own)
        let who = try entries["who"].map { (written) throws(TopologyError) in try self.who(written) } ?? .everybody
        let at = try moments(try entries.required("at", example: "12h")).lowerBound
        let duration = try entries.read("for", TopologyText.positiveDuration)
        let every = try entries.read("every", TopologyText.positiveDuration)
        if name == "pause", duration == nil {
            throw written.complaint("“for” is missing: a pause ends; write for example “for: 10s”")
        }
        if let every, let written = entries["every"] {
            guard every >= .seconds(1), every > duration ?? .zero else {
                throw written.complaint("it would begin again before it is over; write a longer time than “for” has")
            }
        }
        if name == "partition", who == .everybody {
            throw (entries["who"] ?? written).complaint("all cannot part from all; write “who” is on one side")
        }
        return Topology.Fault(try self.kind(name, entries), who: who, at: at, for: duration, every: every)
    }

    private func kind(_ name: String, _ entries: Entries) throws(TopologyError) -> Topology.Kind {
        switch name {
        case "crash": .crash
        case "pause": .pause
        case "partition": .partition(oneWay: try entries.read("oneWay", TopologyText.flag) ?? false)
        case "split": .split(try sides(try entries.required("sides", example: "[europe, asia]")))
        case "loss": .loss(try entries.required("part", example: "20 %").read(TopologyText.part))
        case "delay": .delay(try entries.required("by", example: "200ms").read(TopologyText.positiveDuration))
        case "slow-disk":
            .slowDisk(factor: try entries.required("factor", example: "10").read(TopologyText.count(2...1000)))
        case "full-disk": .fullDisk
        case "torn-writes": .tornWrites
        case "clock-jump": .clockJump(try entries.required("by", example: "2h").read(TopologyText.shift))
        default: .lie(try entries.required("as", example: "sends-bad-pieces").read(TopologyText.honesty))
        }
    }

    /// Groups that do not reach one another; who is in none of them is in another.
    private func sides(_ written: Written) throws(TopologyError) -> [[Int]] {
        var sides: [[Int]] = []
        var taken: Set<Int> = []
        for item in try written.items() {
            let side = try members(item)
            if let twice = side.first(where: taken.contains) {
                throw item.complaint("“\(topology.nodes[twice].name)” is on another side already; write it once")
            }
            taken.formUnion(side)
            sides.append(side)
        }
        guard sides.count > 1 || sides.count == 1 && taken.count < topology.nodes.count else {
            throw written.complaint("there is but one side; write two or more, such as [europe, asia]")
        }
        return sides
    }

    // MARK: Who

    /// `everybody`, names, a number or a part of all, or `{some: <number or part>, of: <names>}`.
    private func who(_ written: Written) throws(TopologyError) -> Topology.Who {
        if written.isMapping {
            let entries = try written.entries(among: ["some", "of"])
            let some = try entries.required("some", example: "5 %")
            let among = try entries["of"].map { (written) throws(TopologyError) in try members(written) }
            return try drawn(some, of: among ?? Array(topology.nodes.indices))
        }
        if !written.isList, try written.text().first?.isNumber == true {
            return try drawn(written, of: Array(topology.nodes.indices))
        }
        let named = try members(written)
        return named.count == topology.nodes.count ? .everybody : .nodes(named)
    }

    private func drawn(_ written: Written, of members: [Int]) throws(TopologyError) -> Topology.Who {
        let text = try written.text()
        if let part = TopologyText.percentage(text), part > 0 {
            return .drawn(max(1, Int((part * Double(members.count)).rounded())), of: members)
        }
        guard let count = Int(text), count > 0, count <= members.count else {
            throw written.complaint(
                "“\(text.excerpt)” is neither a part of \(members.count == 1 ? "one node" : "\(members.count) nodes") "
                    + "nor a number of them; write such as 5 % or 1")
        }
        return .drawn(count, of: members)
    }

    /// Positions of nodes by names: of nodes, of groups, or of parts of the world.
    func members(_ written: Written) throws(TopologyError) -> [Int] {
        var found: Set<Int> = []
        for item in try written.items(orOne: true) {
            let name = try item.text()
            guard let named = members(called: name) else {
                let names = nodes.keys.sorted() + Cities.continents + [Self.everybody]
                let meant = Nearest.word(to: name, of: names).map { "did you mean “\($0)”?" }
                throw item.complaint(
                    "“\(name.excerpt)” is no node, group or part of the world; "
                        + (meant ?? "write a name that stands under “nodes”, or such as europe"))
            }
            guard !named.isEmpty else {
                throw item.complaint("no node is in “\(name)”; write a part of the world with some")
            }
            found.formUnion(named)
        }
        guard !found.isEmpty else { throw written.complaint("there is nobody here; write at least one name") }
        return found.sorted()
    }

    private func members(called name: String) -> [Int]? {
        if let named = nodes[name] { return named }
        if [Self.everybody, Cities.world].contains(name.lowercased()) { return Array(topology.nodes.indices) }
        guard Cities.continents.contains(name.lowercased()) else { return nil }
        return topology.nodes.indices.filter { index in
            topology.nodes[index].place.map { Cities.continent(of: $0) == name.lowercased() } ?? false
        }
    }
}
