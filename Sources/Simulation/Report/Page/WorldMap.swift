internal import Primitives

/// The Earth in dots, with the nodes, where clients are, and what flows between them.
struct WorldMap {
    static let width = 1080.0
    private static let scale = width / (2 * Land.edge)
    static var height: Double { Double(Land.rows) * Land.rowStep * scale + 8 }

    let map: WorldReport.Map
    /// Circles drawn at most: beyond it, nodes whose dots are the same are drawn as one.
    private static let circleLimit = 700
    /// The largest circle's radius.
    private static let largestCircle = 15.0

    /// Equal Earth (Šavrič, Patterson and Jenny, 2018): true areas, and a shape that people know.
    static func project(_ place: Place) -> (x: Double, y: Double) {
        let radians = Double.pi / 18_000
        let sine = 0.866_025_403_784_438_6 * Elementary.sin(Double(place.latitude) * radians)
        let angle = sine < 0 ? -Elementary.asin(-sine) : Elementary.asin(sine)
        let square = angle * angle
        let sixth = square * square * square
        let slope = 1.340_264 - 3 * 0.081_106 * square + sixth * (7 * 0.000_893 + 9 * 0.003_796 * square)
        let x =
            Double(place.longitude) * radians * Elementary.cos(angle) / (0.866_025_403_784_438_6 * slope)
        let y = angle * (1.340_264 - 0.081_106 * square + sixth * (0.000_893 + 0.003_796 * square))
        return ((x + Land.edge) * scale, (Land.top - y) * scale)
    }

    var svg: String {
        let (width, height) = (Plot.number(Self.width), Plot.number(Self.height))
        return """
            <svg class="map" viewBox="0 0 \(width) \(height)" role="img" aria-label="\(Markup.escaped(title))">
            <path class="land" d="\(Self.land)"/>
            \(flows)\(nodes)\(regions)</svg>

            """
    }

    private var title: String {
        let clients = map.regions.isEmpty ? "" : ", \(map.regions.count) places of clients and the flows between them"
        return "A map of the world with \(Figures.count(map.nodes.count)) nodes\(clients)"
    }

    /// Each run of dots is a line that is dashed into dots.
    private static var land: String {
        var path = ""
        for row in 0..<Land.rows {
            let y = Plot.number((Double(row) + 0.5) * Land.rowStep * scale)
            let shift = row % 2 == 0 ? 0.5 : 1.0
            var column = 0
            while column < Land.columns {
                guard Land.isLand(row: row, column: column) else {
                    column += 1
                    continue
                }
                let first = column
                while column < Land.columns, Land.isLand(row: row, column: column) { column += 1 }
                let x = (Double(first) + shift) * Land.step * scale
                // A hair longer than to the last dot, so that it is drawn.
                let length = Double(column - first - 1) * Land.step * scale + 0.1
                path += "M\(Plot.number(x)) \(y)h\(Figures.short(length, 2))"
            }
        }
        return path
    }

    /// The distance from dot to dot, for the page's style.
    static var dash: String { Figures.short(Land.step * scale, 3) }

    // MARK: Nodes

    private struct Circle {
        var x: Double
        var y: Double
        var share: Double
        var spent: Double
        var names: [String]
        var count = 1
        var isUp: Bool
    }

    private var nodes: String {
        let circles = self.circles
        let largest = circles.map(\.share).max() ?? 1
        let crowd = circles.count > 150 ? 0.5 : circles.count > 40 ? 0.75 : 1
        var text = ""
        for circle in circles.sorted(by: { ($1.share, $0.x) < ($0.share, $1.x) }) {
            let radius = max(2.2, Self.largestCircle * crowd * (circle.share / max(1, largest)).squareRoot())
            // Spend has the part of the circle's area that it has of the share.
            let inner = radius * min(1, circle.spent / max(1, circle.share)).squareRoot()
            let place = "cx=\"\(Plot.number(circle.x))\" cy=\"\(Plot.number(circle.y))\""
            text +=
                "<g class=\"node\(circle.isUp ? "" : " down")\"><title>\(Markup.escaped(words(for: circle)))</title>"
            text += "<circle class=\"share\" \(place) r=\"\(Plot.number(radius))\"/>"
            if inner >= 0.3 { text += "<circle class=\"spent\" \(place) r=\"\(Plot.number(inner))\"/>" }
            text += "</g>\n"
        }
        return text
    }

    private func words(for circle: Circle) -> String {
        let spent = "\(ByteCount(Int64(circle.spent))) of \(ByteCount(Int64(circle.share))) sent"
        return circle.count == 1 ? "\(circle.names[0]): \(spent)" : "\(circle.count) nodes: \(spent)"
    }

    private var circles: [Circle] {
        let single = map.nodes.map { node in
            let point = Self.project(node.place)
            return Circle(
                x: point.x, y: point.y, share: Double(node.share.bytes), spent: Double(node.spent.bytes),
                names: [node.name], isUp: node.isUp)
        }
        guard single.count > Self.circleLimit else { return single }
        // One for each dot of the honeycomb, twice as wide.
        let cell = 2 * Land.step * Self.scale
        var merged: [Int: Circle] = [:]
        var order: [Int] = []
        for circle in single {
            let key = Int(circle.y / cell) * 10_000 + Int(circle.x / cell)
            if merged[key] == nil {
                merged[key] = circle
                order.append(key)
            } else {
                merged[key]?.share += circle.share
                merged[key]?.spent += circle.spent
                merged[key]?.count += 1
            }
        }
        return order.compactMap { merged[$0] }
    }

    // MARK: Clients

    private var regions: String {
        let largest = Double(max(1, map.regions.map(\.received.bytes).max() ?? 1))
        return map.regions.reduce(into: "") { text, region in
            let (x, y) = Self.project(region.place)
            let radius = 2.5 + 4.5 * (Double(region.received.bytes) / largest).squareRoot()
            let side = Plot.number(radius)
            text +=
                "<path class=\"region\" d=\"M\(Plot.number(x)) \(Plot.number(y - radius))l\(side) \(side)l-\(side) \(side)l-\(side) -\(side)Z\"><title>Clients here received \(region.received)</title></path>\n"
        }
    }

    /// Arcs that bend towards the pole, as great circles do; the larger, the stronger.
    private var flows: String {
        let largest = Double(max(1, map.flows.first?.size.bytes ?? 1))
        return map.flows.reversed().reduce(into: "") { text, flow in
            let from = Self.project(map.nodes[flow.node].place)
            let to = Self.project(map.regions[flow.region].place)
            let strength = (Double(flow.size.bytes) / largest).squareRoot()
            let (dx, dy) = (to.x - from.x, to.y - from.y)
            let lift = min(90, (dx * dx + dy * dy).squareRoot() * 0.22)
            let control = (x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - lift)
            text +=
                "<path class=\"flow\" stroke-width=\"\(Plot.number(0.6 + 2.6 * strength))\" stroke-opacity=\"\(Figures.short(0.1 + 0.5 * strength, 2))\" d=\"M\(Plot.number(from.x)) \(Plot.number(from.y))Q\(Plot.number(control.x)) \(Plot.number(control.y)) \(Plot.number(to.x)) \(Plot.number(to.y))\"/>\n"
        }
    }
}
