import Console

/// Rows for people: aligned columns under a head, two spaces apart.
struct Table {
    struct Column {
        var title: String
        var alignment: Alignment = .left
        /// Gives way when the terminal is too narrow.
        var isFlexible = false

        init(_ title: String, _ alignment: Alignment = .left, isFlexible: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.isFlexible = isFlexible
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []

    /// What a flexible column keeps, however narrow the terminal.
    private static let narrowest = 8
    private static let gap = "  "

    init(_ columns: [Column]) {
        self.columns = columns
    }

    /// One text for each column.
    mutating func append(_ row: [String]) {
        precondition(row.count == columns.count, "a row has a text for each column")
        rows.append(row.map(FileName.printable))
    }

    /// The lines, the head first. Without a width nothing is shortened.
    func lines(width: Int? = nil) -> [String] {
        let widths = columnWidths(fitting: width)
        return ([columns.map(\.title)] + rows).map { row in
            var line = ""
            for (index, text) in row.enumerated() {
                if index > 0 { line += Self.gap }
                let clipped = DisplayWidth.clip(text, to: widths[index])
                line += DisplayWidth.pad(clipped, to: widths[index], columns[index].alignment)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private func columnWidths(fitting width: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            rows.reduce(DisplayWidth.of(columns[index].title)) { max($0, DisplayWidth.of($1[index])) }
        }
        guard let width else { return widths }
        let total = widths.reduce(0, +) + Self.gap.count * (columns.count - 1)
        var excess = total - width
        for index in columns.indices where columns[index].isFlexible && excess > 0 {
            let given = min(excess, max(0, widths[index] - Self.narrowest))
            widths[index] -= given
            excess -= given
        }
        return widths
    }
}

/// Facts for people: names on the left, aligned, values on the right.
struct FactSheet {
    private var facts: [(name: String, value: String)] = []

    mutating func append(_ name: String, _ value: String) {
        facts.append((name, value))
    }

    var lines: [String] {
        let width = facts.reduce(0) { max($0, DisplayWidth.of($1.name)) }
        return facts.map { DisplayWidth.pad($0.name, to: width, .left) + "  " + $0.value }
    }
}
