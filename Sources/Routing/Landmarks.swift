import Primitives

/// Where clients stand among the nodes: a client has a place only, but members near it have a place and a coordinate.
///
/// By a cell of so many degrees, how far its members stand from where their places would put them: cables do not follow
/// great circles, and who is near one member is led astray as it is. What is kept does not grow with the members.
struct Landmarks: Sendable {
    /// Hundredths of a degree; 550 km from south to north.
    static let cell = 500
    /// Whoever says that it stands further than that from where its place would put it, in milliseconds, is in another
    /// place or another world, and no landmark.
    static let mostAstray = 120.0

    private struct Cell {
        var count = 0
        /// Tenths of milliseconds: whole numbers, so that what was added can be taken away.
        var x = 0
        var y = 0
        var z = 0

        mutating func add(_ other: Cell) {
            count += other.count
            x += other.x
            y += other.y
            z += other.z
        }
    }

    private var cells: [Int: Cell] = [:]

    private static let rows = 18_000 / cell + 1
    private static let columns = 36_000 / cell

    mutating func add(_ node: RoutingNode) { change(by: node, 1) }

    /// One that was added.
    mutating func remove(_ node: RoutingNode) { change(by: node, -1) }

    private mutating func change(by node: RoutingNode, _ sign: Int) {
        guard let place = node.place, let coordinate = node.coordinate, coordinate.isSure else { return }
        let expected = Coordinate(place)
        guard coordinate.distance(to: expected) <= Self.mostAstray else { return }
        let (row, column) = Self.position(of: place)
        let key = row * Self.columns + column
        var cell = cells[key] ?? Cell()
        cell.add(
            Cell(
                count: sign, x: sign * (Int(coordinate.x) - Int(expected.x)),
                y: sign * (Int(coordinate.y) - Int(expected.y)), z: sign * (Int(coordinate.z) - Int(expected.z))))
        cells[key] = cell.count > 0 ? cell : nil
    }

    /// Where a client there stands, with half of the base for its line; nothing where no member is near.
    func stand(of client: Place) -> Coordinate? {
        guard !cells.isEmpty else { return nil }
        let (row, column) = Self.position(of: client)
        var found = cells[row * Self.columns + column] ?? Cell()
        if found.count == 0 {
            for (dy, dx) in Self.around where (0..<Self.rows).contains(row + dy) {
                let key = (row + dy) * Self.columns + (column + dx + Self.columns) % Self.columns
                if let cell = cells[key] { found.add(cell) }
            }
        }
        guard found.count > 0 else { return nil }
        var stand = Coordinate(client)
        // A landmark is not that far astray, and a place's own coordinate not that far out: no overflow.
        stand.x += Int16(found.x / found.count)
        stand.y += Int16(found.y / found.count)
        stand.z += Int16(found.z / found.count)
        return stand
    }

    private static let around = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]

    private static func position(of place: Place) -> (row: Int, column: Int) {
        ((Int(place.latitude) + 9_000) / cell, (Int(place.longitude) + 18_000) / cell % columns)
    }
}
