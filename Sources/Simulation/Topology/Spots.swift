internal import Primitives

/// Places with weights: where nodes and clients of a topology can be.
struct Spots: Equatable {
    struct Spot: Equatable {
        let name: String
        let place: Place
        let weight: Double
    }

    private(set) var all: [Spot] = []

    var total: Double { all.reduce(0) { $0 + $1.weight } }

    /// A place as `node.yaml` writes it, a city, or all cities of a part of the world by the people who live there.
    /// - Returns: false when it is none of them.
    mutating func add(_ text: String, weight: Double) -> Bool {
        let cities = Cities.of(text)
        let people = cities.reduce(0) { $0 + $1.people }
        if !cities.isEmpty {
            all += cities.map { Spot(name: $0.name, place: $0.place, weight: weight * $0.people / people) }
        } else if let place = Cities.named(text)?.place ?? Country.place(of: text) ?? Place(text) {
            all.append(Spot(name: text, place: place, weight: weight))
        } else {
            return false
        }
        return true
    }

    /// One of them, drawn by its weight.
    func draw(using generator: inout Generator) -> Place? {
        var left = Double.random(in: 0..<1, using: &generator) * total
        for spot in all {
            left -= spot.weight
            if left < 0 { return spot.place }
        }
        return all.last?.place
    }
}

extension Place {
    /// A place drawn evenly from a circle around this one.
    func scattered(within kilometres: Double, using generator: inout Generator) -> Place {
        let radius = kilometres * Double.random(in: 0..<1, using: &generator).squareRoot()
        let direction = Double.random(in: 0..<1, using: &generator) * 2 * .pi
        let perDegree = Self.earthRadius * .pi / 180
        let latitude = Double(self.latitude) / 100 + radius / perDegree * Elementary.cos(direction)
        // Near the poles a degree of longitude is no distance at all.
        let shrinking = max(0.1, Elementary.cos(Double(self.latitude) / 18_000 * .pi))
        var longitude = Double(self.longitude) / 100 + radius / perDegree / shrinking * Elementary.sin(direction)
        if longitude > 180 { longitude -= 360 }
        if longitude < -180 { longitude += 360 }
        return Place(latitude: max(-90, min(90, latitude)), longitude: longitude) ?? self
    }
}
