internal import Primitives

extension Matrix {
    /// Reads a table of round trips in milliseconds, its columns separated by tabs: a header `name lat lon` and the
    /// name of each host, then a row for each host in the same order. An empty cell is unknown; so is a host's place
    /// where its latitude and longitude are empty.
    /// - Throws: what is wrong, with the line in `file`.
    public init(text: String, file: String) throws(TopologyError) {
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard let header = lines.first else {
            throw TopologyError(file, 1, "the file is empty; write a header “name lat lon …”, then a row for each host")
        }
        let columns = Self.cells(header)
        guard columns.count > 3, columns[..<3].elementsEqual(["name", "lat", "lon"]) else {
            throw TopologyError(
                file, 1, "the header is not “name lat lon” and the names of hosts; separate them by tabs")
        }
        let names = columns.dropFirst(3).map(String.init)
        guard names.count <= Self.hostLimit else {
            throw TopologyError(file, 1, "\(names.count) hosts are too many; write at most \(Self.hostLimit)")
        }
        guard Set(names).count == names.count, !names.contains("") else {
            throw TopologyError(file, 1, "two hosts have the same name, or one has none; give each a name of its own")
        }
        guard lines.count == names.count + 1 else {
            throw TopologyError(
                file, lines.count, "there are \(lines.count - 1) rows for \(names.count) hosts; write a row for each")
        }
        var hosts: [Host] = []
        var roundTrips: [Duration?] = []
        for (index, line) in lines.dropFirst().enumerated() {
            let row = Row(cells: Self.cells(line), file: file, line: index + 2)
            hosts.append(try row.host(named: names[index], of: names.count))
            roundTrips += try row.roundTrips()
        }
        self.init(hosts: hosts, roundTrips: roundTrips)
    }

    private static func cells(_ line: Substring) -> [Substring] {
        line.split(separator: "\t", omittingEmptySubsequences: false)
    }

    private struct Row {
        let cells: [Substring]
        let file: String
        let line: Int

        func host(named name: String, of count: Int) throws(TopologyError) -> Host {
            guard cells.count == count + 3 else {
                throw TopologyError(
                    file, line,
                    "there are \(cells.count) cells for \(count) hosts; write a name, a place and \(count) times"
                )
            }
            guard cells[0] == name else {
                throw TopologyError(
                    file, line,
                    "“\(cells[0].excerpt)” stands where the header has “\(name.excerpt)”; write rows in its order")
            }
            if cells[1].isEmpty, cells[2].isEmpty { return Host(name: name) }
            guard let latitude = Double(cells[1]), let longitude = Double(cells[2]),
                let place = Place(latitude: latitude, longitude: longitude)
            else {
                throw TopologyError(
                    file, line,
                    "“\(cells[1].excerpt)”, “\(cells[2].excerpt)” is no place; write degrees north and east, or nothing"
                )
            }
            return Host(name: name, place: place)
        }

        func roundTrips() throws(TopologyError) -> [Duration?] {
            var roundTrips: [Duration?] = []
            roundTrips.reserveCapacity(cells.count)
            for cell in cells.dropFirst(3) {
                guard !cell.isEmpty else {
                    roundTrips.append(nil)
                    continue
                }
                guard let milliseconds = TopologyText.number(String(cell)),
                    milliseconds <= Double(Matrix.longest.wholeMilliseconds)
                else {
                    throw TopologyError(
                        file, line, "“\(cell.excerpt)” is no round trip; write milliseconds up to 60000, or nothing")
                }
                roundTrips.append(.microseconds(Int64((milliseconds * 1000).rounded())))
            }
            return roundTrips
        }
    }
}
