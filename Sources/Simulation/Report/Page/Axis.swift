internal import Primitives

/// One axis of a plot: from values to a length, and where the ticks are.
struct Axis {
    struct Tick {
        let value: Double
        let label: String
    }

    var range: ClosedRange<Double>
    var isLogarithmic = false
    var ticks: [Tick]

    /// 0 to 1, outside of it what lies outside.
    func place(_ value: Double) -> Double {
        let (low, high) = (scaled(range.lowerBound), scaled(range.upperBound))
        return high > low ? (scaled(value) - low) / (high - low) : 0
    }

    private func scaled(_ value: Double) -> Double {
        isLogarithmic ? Self.logarithm(max(value, 1e-9)) : value
    }

    /// To base 2, straight between powers: a plot needs no more than a monotonous curve without a visible kink.
    private static func logarithm(_ value: Double) -> Double {
        // ln(m) by its series about the middle of 1 to 2.
        let mantissa = value.significand
        let ratio = (mantissa - 1) / (mantissa + 1)
        let square = ratio * ratio
        let series = 1 + square * (1 / 3.0 + square * (1 / 5.0 + square * (1 / 7.0 + square / 9)))
        return Double(value.exponent) + 2 * ratio * series * 1.442_695_040_888_963_4
    }

    // MARK: Kinds

    /// Numbers from 0 on, in steps of 1, 2 or 5 times a power of ten.
    static func numbers(upTo largest: Double, label: (Double) -> String) -> Axis {
        let step = niceStep(largest > 0 ? largest : 1)
        let count = max(1, Int((largest / step).rounded(.up)))
        return Axis(
            range: 0...(Double(count) * step),
            ticks: (0...count).map { Tick(value: Double($0) * step, label: label(Double($0) * step)) })
    }

    private static func niceStep(_ largest: Double) -> Double {
        var power = 1.0
        while power * 10 <= largest { power *= 10 }
        while power > largest { power /= 10 }
        for part in [0.2, 0.5, 1, 2] where largest / (power * part) <= 5 { return power * part }
        return power * 2
    }

    /// Time from 0 to the end, in seconds.
    static func time(_ length: Duration) -> Axis {
        let seconds = max(1, length.inSeconds)
        let units: [(seconds: Double, name: String, steps: [Double])] = [
            (86_400, "d", [1, 2, 5, 7, 10, 30, 60]), (3600, "h", [1, 2, 3, 6, 12]), (60, "min", [1, 2, 5, 10, 20, 30]),
            (1, "s", [1, 2, 5, 10, 20, 30]),
        ]
        let unit = units.first { seconds >= 3 * $0.seconds } ?? units[3]
        let step =
            unit.steps.first { seconds / ($0 * unit.seconds) <= (unit.name == "min" ? 4.5 : 6.5) }
            ?? unit.steps[unit.steps.count - 1]
        var ticks: [Tick] = []
        var value = 0.0
        while value <= seconds * 1.0001, ticks.count < 20 {
            ticks.append(
                Tick(value: value, label: value == 0 ? "0" : "\(Figures.short(value / unit.seconds, 1)) \(unit.name)"))
            value += step * unit.seconds
        }
        return Axis(range: 0...seconds, ticks: ticks)
    }

    /// Sizes over decades.
    static func sizes(_ range: ClosedRange<ByteCount>) -> Axis {
        var low = 1.0
        while low * 10 <= Double(max(1, range.lowerBound.bytes)) { low *= 10 }
        var high = low * 10
        while high < Double(range.upperBound.bytes) { high *= 10 }
        var ticks: [Tick] = []
        var value = low
        while value <= high * 1.0001 {
            let text = "\(ByteCount(Int64(value)))"
            ticks.append(Tick(value: value, label: text.replacing(".00", with: "").replacing(".0 ", with: " ")))
            value *= 10
        }
        return Axis(range: low...high, isLogarithmic: true, ticks: ticks)
    }

    static func percent() -> Axis {
        Axis(range: 0...1, ticks: [0, 0.25, 0.5, 0.75, 1].map { Tick(value: $0, label: "\(Int($0 * 100)) %") })
    }
}

extension String {
    /// The standard library alone has no replacing of strings in strings.
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let first = part.first else { return self }
        var result = ""
        var rest = self[...]
        while let character = rest.first {
            if character == first, rest.hasPrefix(part) {
                result += other
                rest = rest.dropFirst(part.count)
            } else {
                result.append(character)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
