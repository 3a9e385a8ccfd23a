/// A plot in SVG: axes, then what is drawn within them, in the order in which it is asked for. Colours and type are the
/// page's, by class.
struct Plot {
    static let width = 560.0
    static let height = 304.0
    private static let left = 58.0
    private static let right = 18.0
    private static let top = 30.0
    private static let bottom = 34.0

    let x: Axis
    let y: Axis
    private var marks = ""

    init(x: Axis, y: Axis) {
        self.x = x
        self.y = y
    }

    /// The picture.
    /// - Parameters:
    ///   - title: what it shows, for those who do not see it.
    ///   - unit: what the vertical axis counts.
    func svg(title: String, unit: String) -> String {
        var axes = ""
        for tick in y.ticks {
            let height = Self.number(vertical(tick.value))
            axes +=
                "<path class=\"grid\" d=\"M\(Self.number(Self.left)) \(height)H\(Self.number(Self.width - Self.right))\"/>"
            axes +=
                "<text class=\"tick\" text-anchor=\"end\" x=\"\(Self.number(Self.left - 8))\" y=\"\(height)\" dy=\".34em\">\(Markup.escaped(tick.label))</text>"
        }
        let base = Self.height - Self.bottom
        for tick in x.ticks {
            let place = horizontal(tick.value)
            let anchor = place > Self.width - Self.right - 12 ? "end" : place < Self.left + 12 ? "start" : "middle"
            axes += "<path class=\"axis\" d=\"M\(Self.number(place)) \(Self.number(base))v4\"/>"
            axes +=
                "<text class=\"tick\" text-anchor=\"\(anchor)\" x=\"\(Self.number(place))\" y=\"\(Self.number(base + 21))\">\(Markup.escaped(tick.label))</text>"
        }
        axes +=
            "<path class=\"axis\" d=\"M\(Self.number(Self.left)) \(Self.number(base))H\(Self.number(Self.width - Self.right))\"/>"
        axes += "<text class=\"unit\" x=\"0\" y=\"12\">\(Markup.escaped(unit))</text>"
        return
            "<svg viewBox=\"0 0 \(Self.number(Self.width)) \(Self.number(Self.height))\" role=\"img\" aria-label=\"\(Markup.escaped(title))\">\n\(axes)\n\(marks)</svg>\n"
    }

    // MARK: Places

    func horizontal(_ value: Double) -> Double {
        Self.left + min(1, max(0, x.place(value))) * (Self.width - Self.left - Self.right)
    }

    func vertical(_ value: Double) -> Double {
        let space = Self.height - Self.top - Self.bottom
        return Self.height - Self.bottom - min(1.02, max(0, y.place(value))) * space
    }

    /// With one decimal: a tenth of a pixel.
    static func number(_ value: Double) -> String { Figures.short(value, 1) }

    // MARK: Drawing

    private func path(_ points: [(x: Double, y: Double)]) -> String {
        var path = ""
        for (index, point) in points.enumerated() {
            path += "\(index == 0 ? "M" : "L")\(Self.number(horizontal(point.x))) \(Self.number(vertical(point.y)))"
        }
        return path
    }

    mutating func line(_ points: [(x: Double, y: Double)], _ style: String) {
        guard points.count > 1 else { return }
        marks += "<path class=\"line \(style)\" d=\"\(path(points))\"/>\n"
    }

    /// As one holds until the next.
    mutating func steps(_ points: [(x: Double, y: Double)], _ style: String, isFilled: Bool) {
        guard let first = points.first, let last = points.last else { return }
        var line = "M\(Self.number(horizontal(first.x))) \(Self.number(vertical(first.y)))"
        for point in points.dropFirst() {
            line += "H\(Self.number(horizontal(point.x)))V\(Self.number(vertical(point.y)))"
        }
        if isFilled {
            let base = Self.number(vertical(0))
            marks +=
                "<path class=\"area \(style)\" d=\"\(line)V\(base)H\(Self.number(horizontal(first.x)))Z\"/>\n"
        }
        marks += "<path class=\"line \(style)\" d=\"\(line)\"/>\n"
        _ = last
    }

    /// Between a lower and an upper curve.
    mutating func band(_ lower: [(x: Double, y: Double)], _ upper: [(x: Double, y: Double)], _ style: String) {
        guard lower.count > 1, upper.count > 1 else { return }
        let back = path(upper.reversed()).dropFirst()
        marks += "<path class=\"area \(style)\" d=\"\(path(lower))L\(back)Z\"/>\n"
    }

    /// From one value to another over a stretch of the horizontal axis, with a hair's breadth between neighbours.
    mutating func bar(_ stretch: ClosedRange<Double>, from low: Double, to high: Double, _ style: String, title: String)
    {
        let (left, right) = (horizontal(stretch.lowerBound), horizontal(stretch.upperBound))
        let (top, base) = (vertical(high), vertical(low))
        guard base > top, right > left else { return }
        let gap = right - left > 4 ? 1.0 : right - left > 2 ? 0.5 : 0
        marks +=
            "<rect class=\"bar \(style)\" x=\"\(Self.number(left + gap / 2))\" y=\"\(Self.number(top))\" width=\"\(Self.number(right - left - gap))\" height=\"\(Self.number(base - top))\"><title>\(Markup.escaped(title))</title></rect>\n"
    }

    /// A vertical mark with words at one of several heights, so that neighbours do not cover each other.
    mutating func mark(at value: Double, _ words: String, row: Int, _ style: String) {
        let place = horizontal(value)
        let height = Self.top + 10 + Double(row) * 19
        let isLeft = place > Self.width * 0.62
        marks +=
            "<path class=\"line \(style)\" d=\"M\(Self.number(place)) \(Self.number(Self.height - Self.bottom))V\(Self.number(height - 10))\"/>"
        marks +=
            "<text class=\"label \(style)\" text-anchor=\"\(isLeft ? "end" : "start")\" x=\"\(Self.number(place + (isLeft ? -6 : 6)))\" y=\"\(Self.number(height))\">\(Markup.escaped(words))</text>\n"
    }

    mutating func label(
        _ words: String, x: Double, y: Double, anchor: String = "start", above: Double = 6, _ style: String
    ) {
        marks +=
            "<text class=\"label \(style)\" text-anchor=\"\(anchor)\" x=\"\(Self.number(horizontal(x)))\" y=\"\(Self.number(max(Self.top + 4, vertical(y) - above)))\">\(Markup.escaped(words))</text>\n"
    }
}
