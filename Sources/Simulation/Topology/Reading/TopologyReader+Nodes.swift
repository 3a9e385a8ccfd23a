internal import Primitives

extension TopologyReader {
    private static let nodeKeys = [
        "name", "count", "location", "spread", "allowance", "share", "disk", "uplink", "skew", "honesty", "starts",
        "host",
    ]

    mutating func readNodes(_ written: Written) throws(TopologyError) {
        for item in try written.items() { try readGroup(item) }
        guard !topology.nodes.isEmpty else {
            throw written.complaint("there is no node here; write for example “- {name: home, location: Berlin}”")
        }
    }

    /// One node, or as many alike as `count` says.
    private mutating func readGroup(_ written: Written) throws(TopologyError) {
        let entries = try written.entries(among: Self.nodeKeys)
        let name = try newName(try entries.required("name", example: "home"), besides: nodes)
        let count = try readCount(entries)
        let total = topology.nodes.count + (count ?? 1)
        guard total <= Topology.nodeLimit else {
            throw written.complaint(
                "this makes \(total) nodes; a world has at most \(Topology.nodeLimit), so lower a “count”")
        }
        let template = try Template(entries, self, isGroup: count != nil)
        if template.host != nil, count != nil {
            throw (entries["host"] ?? written).complaint("one host cannot be many nodes; leave “count” away, or “host”")
        }
        var draws = generator.split()
        let first = topology.nodes.count
        for index in 0..<(count ?? 1) {
            let own = count == nil ? name : "\(name)-\(index + 1)"
            guard count == nil || nodes[own] == nil else {
                throw written.complaint("“\(own)” is the name of a node already; choose another for the group")
            }
            topology.nodes.append(draw(template, named: own, using: &draws))
            nodes[own] = [first + index]
        }
        if count != nil { nodes[name] = Array(first..<topology.nodes.count) }
    }

    /// Nothing where it is one node.
    private func readCount(_ entries: Entries) throws(TopologyError) -> Int? {
        guard let written = entries["count"] else { return nil }
        if case .matrix(let matrix) = topology.links.delay, try written.text() == "hosts" { return matrix.hosts.count }
        return try written.read(TopologyText.count(1...Topology.nodeLimit))
    }

    /// What the nodes of a group are drawn from.
    private struct Template {
        var spots: Spots?
        var spread = 0.0
        var share = ByteCount.gigabytes(8) ... .gigabytes(8)
        var period = Duration.seconds(30 * 86_400)
        var disk = ByteCount.gigabytes(8) ... .gigabytes(8)
        var uplink = ByteCount.megabytes(8) ... .megabytes(8)
        var skew = Duration.zero ... .zero
        var honesty = Topology.Honesty.honest
        var starts = Duration.zero ... .zero
        var host: Int?

        /// As in `node.yaml`, unless it says otherwise.
        static let shareDefaultPercent: Int64 = 80
        /// Nodes of a group in one city are not in one house.
        static let spreadDefault = 30.0

        init(_ entries: Entries, _ reader: TopologyReader, isGroup: Bool) throws(TopologyError) {
            spots = try entries["location"].map { (written) throws(TopologyError) in try reader.spots(written) }
            spread =
                try entries.read("spread", TopologyText.distance) ?? (isGroup ? Self.spreadDefault : 0)
            let allowance = try entries.read("allowance", TopologyText.allowance)
            if let allowance {
                period = allowance.period
                let (lower, upper) = (allowance.limit.lowerBound, allowance.limit.upperBound)
                share = lower.percent(Self.shareDefaultPercent)...upper.percent(Self.shareDefaultPercent)
            }
            share = try entries.read("share", TopologyText.sizes) ?? share
            if let allowance, share.upperBound > allowance.limit.upperBound, let written = entries["share"] {
                throw written.complaint(
                    "a share of \(share.upperBound) is more than the allowance of \(allowance.limit.upperBound); lower "
                        + "the one or raise the other")
            }
            disk = try entries.read("disk", TopologyText.sizes) ?? disk
            uplink = try entries.read("uplink", TopologyText.rates) ?? uplink
            skew = try entries.read("skew", TopologyText.shifts) ?? skew
            honesty = try entries.read("honesty", TopologyText.honesty) ?? honesty
            starts = try entries.read("starts", TopologyText.durations) ?? starts
            if let written = entries["host"] { host = try reader.host(written) }
        }
    }

    private func draw(
        _ template: Template, named name: String, using generator: inout Generator
    ) -> Topology.Node {
        var place = template.spots?.draw(using: &generator)
        if template.spread > 0 { place = place?.scattered(within: template.spread, using: &generator) }
        var host = template.host
        if case .matrix(let matrix) = topology.links.delay {
            host = host ?? topology.nodes.count % matrix.hosts.count
            place = place ?? host.flatMap { matrix.hosts[$0].place }
        }
        return Topology.Node(
            name: name, place: place, share: draw(template.share, using: &generator), period: template.period,
            disk: draw(template.disk, using: &generator), uplink: draw(template.uplink, using: &generator),
            clockSkew: draw(template.skew, using: &generator), honesty: template.honesty,
            startsAt: draw(template.starts, using: &generator), host: host)
    }

    private func host(_ written: Written) throws(TopologyError) -> Int {
        guard case .matrix(let matrix) = topology.links.delay else {
            throw written.complaint("hosts stand in a matrix of delays; write “links: {latency: {matrix: <path>}}” too")
        }
        let name = try written.text()
        guard let host = matrix.hosts.firstIndex(where: { $0.name == name }) else {
            let meant = Nearest.word(to: name, of: matrix.hosts.map(\.name)).map { "; did you mean “\($0)”?" }
            throw written.complaint(
                "“\(name.excerpt)” is no host of the matrix\(meant ?? "; write a name that its header has")")
        }
        return host
    }

    // MARK: Clients

    mutating func readClients(_ written: Written) throws(TopologyError) {
        let spots = try spots(written)
        guard spots.all.count <= Topology.regionLimit else {
            throw written.complaint("\(spots.all.count) places are too many; write at most \(Topology.regionLimit)")
        }
        topology.clients = spots.all.filter { $0.weight > 0 }.map {
            Topology.Region(name: $0.name, place: $0.place, weight: $0.weight)
        }
    }
}
