internal import Primitives

/// Numbers as people and programs read them: the same on every machine, for what a double holds.
enum Figures {
    /// With so many decimals, rounded half away from zero: `"1.250"`. What is no number is 0.
    static func fixed(_ number: Double, _ decimals: Int) -> String {
        guard number.isFinite, number.magnitude < 1e15 else { return "0" }
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let scaled = Int64((number.magnitude * scale).rounded())
        let unit = Int64(scale)
        let sign = number < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / unit).\(String(unit + scaled % unit).dropFirst())"
    }

    /// Without zeros at the end: `"1.25"`, `"3"`.
    static func short(_ number: Double, _ decimals: Int) -> String {
        var text = fixed(number, decimals)
        guard text.contains(".") else { return text }
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    /// Thousands are set apart by thin spaces: `"12 345"`.
    static func count(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "\u{202F}" }
            text.append(digit)
        }
        return number < 0 ? "−" + text : text
    }

    /// Three significant digits and what fits: `"98.7 %"`, `"0.052 %"`.
    static func percent(_ part: Double) -> String {
        let percent = part * 100
        switch percent.magnitude {
        case 100...: return "\(fixed(percent, 0)) %"
        case 99.95...: return percent == 100 ? "100 %" : "99.9 %"
        case 10...: return "\(fixed(percent, 1)) %"
        case 1...: return "\(short(percent, 2)) %"
        case 0: return "0 %"
        default: return "\(short(percent, 3)) %"
        }
    }

    /// In the unit that suits: `"850 µs"`, `"12.5 ms"`, `"3.2 s"`, `"4 min 10 s"`, `"2 h 5 min"`, `"30 d"`.
    static func duration(_ duration: Duration) -> String {
        let nanoseconds = Double(duration.wholeNanoseconds)
        let seconds = Int((nanoseconds / 1e9).rounded())
        switch nanoseconds.magnitude {
        case 0: return "0 s"
        case ..<999_500: return "\(significant(nanoseconds / 1e3)) µs"
        case ..<999_500_000: return "\(significant(nanoseconds / 1e6)) ms"
        case ..<120_000_000_000: return "\(significant(nanoseconds / 1e9)) s"
        case ..<7_200_000_000_000: return parts(seconds / 60, "min", seconds % 60, "s")
        case ..<172_800_000_000_000: return parts(seconds / 3600, "h", seconds % 3600 / 60, "min")
        default: return parts(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
        }
    }

    /// In words: `"30 days"`, `"a day"`, `"2 hours and 5 minutes"`.
    static func span(_ duration: Duration) -> String {
        let seconds = Int(duration.inSeconds.rounded())
        let units = [(86_400, "a day", "days"), (3600, "an hour", "hours"), (60, "a minute", "minutes")]
        var rest = seconds
        var words: [String] = []
        for (length, one, many) in units where rest >= length && words.count < 2 {
            words.append(rest / length == 1 ? one : "\(rest / length) \(many)")
            rest %= length
        }
        return words.isEmpty ? "\(seconds) seconds" : words.joined(separator: " and ")
    }

    /// Without zeros after the point: `"21 MB"`, `"1.5 GB"`.
    static func size(_ size: ByteCount) -> String {
        let parts = "\(size)".split(separator: " ")
        guard parts.count == 2, parts[0].contains(".") else { return "\(size)" }
        var number = parts[0]
        while number.last == "0" { number.removeLast() }
        if number.last == "." { number.removeLast() }
        return "\(number) \(parts[1])"
    }

    private static func parts(_ large: Int, _ unit: String, _ small: Int, _ smaller: String) -> String {
        small == 0 ? "\(large) \(unit)" : "\(large) \(unit) \(small) \(smaller)"
    }

    /// Three significant digits of what is below a thousand.
    static func significant(_ number: Double) -> String {
        switch number.magnitude {
        case 99.95...: fixed(number, 0)
        case 9.995...: short(number, 1)
        default: short(number, 2)
        }
    }
}
