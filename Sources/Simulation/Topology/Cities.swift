internal import Primitives

/// A city, about as many people as live around it, and the part of the world it belongs to.
struct City: Equatable, Sendable {
    let name: String
    let continent: String
    let place: Place
    /// In millions.
    let people: Double
}

/// The large cities of the world: where nodes and clients are put, and what part of the world a place belongs to.
enum Cities {
    /// All continents.
    static let world = "world"

    /// In the order of their first city.
    static let continents: [String] = all.reduce(into: []) { names, city in
        if !names.contains(city.continent) { names.append(city.continent) }
    }

    /// By their names in lower case.
    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name.lowercased(), $0) })

    static func named(_ name: String) -> City? { byName[name.lowercased()] }

    /// The cities of a continent, or of the world; none where there is no such continent.
    static func of(_ region: String) -> [City] {
        let region = region.lowercased()
        return region == world ? all : all.filter { $0.continent == region }
    }

    /// The part of the world that a place belongs to: that of the city next to it.
    static func continent(of place: Place) -> String {
        nearest(to: place).continent
    }

    static func nearest(to place: Place) -> City {
        let nearest = all.min { place.distance(to: $0.place) < place.distance(to: $1.place) }
        guard let nearest else { preconditionFailure("the table of cities is not empty") }
        return nearest
    }

    static let all: [City] = table.split(whereSeparator: \.isNewline).flatMap { line in
        let entries = line.split(separator: ";").map { $0.drop { $0 == " " } }
        guard let continent = entries.first else { preconditionFailure("a line of the table of cities is empty") }
        return entries.dropFirst().map { city($0, in: String(continent)) }
    }

    private static func city(_ entry: Substring, in continent: String) -> City {
        let words = entry.split(separator: " ")
        guard words.count >= 4, let people = Double(words[words.count - 1]),
            let latitude = Double(words[words.count - 3]), let longitude = Double(words[words.count - 2]),
            let place = Place(latitude: latitude, longitude: longitude)
        else { preconditionFailure("an entry of the table of cities does not read: \(entry)") }
        return City(name: words.dropLast(3).joined(separator: " "), continent: continent, place: place, people: people)
    }

    /// A continent and its cities: degrees north, degrees east, millions of people around it, rounded.
    private static let table = """
        europe; London 51.51 -0.13 14; Paris 48.86 2.35 12; Madrid 40.42 -3.70 7; Barcelona 41.39 2.17 5
        europe; Berlin 52.52 13.40 4; Hamburg 53.55 9.99 3; Munich 48.14 11.58 3; Frankfurt 50.11 8.68 3
        europe; Cologne 50.94 6.96 4; Amsterdam 52.37 4.90 3; Brussels 50.85 4.35 2; Vienna 48.21 16.37 2.5
        europe; Zurich 47.37 8.54 1.5; Milan 45.46 9.19 5; Rome 41.90 12.50 4; Naples 40.85 14.27 3
        europe; Lisbon 38.72 -9.14 3; Dublin 53.35 -6.26 2; Manchester 53.48 -2.24 3; Edinburgh 55.95 -3.19 1
        europe; Copenhagen 55.68 12.57 2; Stockholm 59.33 18.07 2.5; Oslo 59.91 10.75 1.5; Helsinki 60.17 24.94 1.5
        europe; Warsaw 52.23 21.01 3; Prague 50.08 14.44 2; Budapest 47.50 19.04 3; Bucharest 44.43 26.10 2
        europe; Sofia 42.70 23.32 1.5; Belgrade 44.79 20.45 1.5; Athens 37.98 23.73 3.5; Kyiv 50.45 30.52 3
        europe; Moscow 55.76 37.62 17; Saint Petersburg 59.93 30.34 5; Istanbul 41.01 28.98 15; Lyon 45.76 4.84 2
        north-america; New York 40.71 -74.01 20; Boston 42.36 -71.06 5; Washington 38.91 -77.04 6; Atlanta 33.75 -84.39 6
        north-america; Miami 25.76 -80.19 6; Chicago 41.88 -87.63 9; Dallas 32.78 -96.80 8; Houston 29.76 -95.37 7
        north-america; Denver 39.74 -104.99 3; Phoenix 33.45 -112.07 5; Los Angeles 34.05 -118.24 13
        north-america; San Francisco 37.77 -122.42 7; Seattle 47.61 -122.33 4; Minneapolis 44.98 -93.27 3.5
        north-america; Toronto 43.65 -79.38 6; Montreal 45.50 -73.57 4; Vancouver 49.28 -123.12 2.5
        north-america; Mexico City 19.43 -99.13 21; Guadalajara 20.66 -103.35 5; Guatemala City 14.63 -90.51 3
        north-america; Havana 23.11 -82.37 2; San Jose 9.93 -84.08 2; Panama City 8.98 -79.52 2
        south-america; Bogota 4.71 -74.07 10; Medellin 6.24 -75.58 4; Caracas 10.48 -66.90 3; Quito -0.18 -78.47 2
        south-america; Lima -12.05 -77.04 10; Santiago -33.45 -70.67 7; Buenos Aires -34.60 -58.38 15
        south-america; Montevideo -34.90 -56.16 2; Sao Paulo -23.55 -46.63 22; Rio de Janeiro -22.91 -43.17 13
        south-america; Recife -8.05 -34.88 4; Porto Alegre -30.03 -51.22 4
        asia; Tokyo 35.68 139.69 37; Osaka 34.69 135.50 19; Seoul 37.57 126.98 25; Beijing 39.90 116.41 20
        asia; Shanghai 31.23 121.47 28; Shenzhen 22.54 114.06 13; Hong Kong 22.32 114.17 7.5; Chengdu 30.57 104.07 15
        asia; Taipei 25.03 121.57 7; Manila 14.60 120.98 14; Hanoi 21.03 105.85 5; Ho Chi Minh City 10.82 106.63 9
        asia; Bangkok 13.76 100.50 11; Kuala Lumpur 3.14 101.69 8; Singapore 1.35 103.82 6; Jakarta -6.21 106.85 33
        asia; Dhaka 23.81 90.41 23; Kolkata 22.57 88.36 15; Delhi 28.61 77.21 32; Mumbai 19.08 72.88 21
        asia; Bangalore 12.97 77.59 13; Chennai 13.08 80.27 11; Colombo 6.93 79.86 2; Karachi 24.86 67.00 17
        asia; Lahore 31.52 74.36 13; Tashkent 41.30 69.24 3; Almaty 43.24 76.89 2; Tehran 35.69 51.39 9
        asia; Dubai 25.20 55.27 3.5; Riyadh 24.71 46.68 7; Baghdad 33.31 44.37 7; Tel Aviv 32.09 34.78 4
        asia; Ankara 39.93 32.86 5.5; Novosibirsk 55.03 82.92 1.6; Tbilisi 41.72 44.83 1.2; Baku 40.41 49.87 2.5
        africa; Cairo 30.04 31.24 22; Tunis 36.81 10.18 2.5; Algiers 36.75 3.06 3; Casablanca 33.57 -7.59 4
        africa; Dakar 14.72 -17.47 3.5; Accra 5.60 -0.19 3; Abidjan 5.36 -4.01 5.5; Lagos 6.52 3.38 15
        africa; Kinshasa -4.44 15.27 16; Luanda -8.84 13.29 9; Johannesburg -26.20 28.05 10; Cape Town -33.92 18.42 5
        africa; Nairobi -1.29 36.82 5; Kampala 0.35 32.58 4; Dar es Salaam -6.79 39.21 7; Addis Ababa 9.03 38.74 5
        oceania; Sydney -33.87 151.21 5; Melbourne -37.81 144.96 5; Brisbane -27.47 153.03 2.5; Perth -31.95 115.86 2
        oceania; Auckland -36.85 174.76 1.7; Wellington -41.29 174.78 0.4; Port Moresby -9.44 147.18 0.4
        """
}
