internal import Primitives

/// What people write into a topology file, read into the types of its units: as `node.yaml` has them, where it has them
/// too. Nothing where it cannot be read.
enum TopologyText {
    /// What a value is, and an example of it, for complaints.
    struct Unit<Value>: Sendable {
        let wanted: String
        let read: @Sendable (String) -> Value?
    }

    static let size = Unit(wanted: "is not a size; write for example 8GB or 500MiB") { text in
        ByteCount(text).flatMap { $0 > .zero && $0 <= longestSize ? $0 : nil }
    }

    static let sizes = Unit(wanted: "is not a size; write for example 8GB, or a range such as 2GB..32GB") { text in
        range(text, size.read)
    }

    static let rates = Unit(wanted: "is not a rate; write for example 100Mbit, or a range such as 10Mbit..1Gbit") {
        text in range(text, rate.read)
    }

    static let rate = Unit(wanted: "is not a rate; write for example 100Mbit, in bits a second") { text in
        bits(text)
    }

    static let duration = Unit(wanted: "is not a time; write for example 90s, 10min, 12h or 3d") { text in
        Duration(text).flatMap { $0 <= Topology.longest ? $0 : nil }
    }

    static let durations = Unit(wanted: "is not a time; write for example 10min, or a range such as 0s..10min") {
        text in range(text, duration.read)
    }

    /// A way back too.
    static let shift = Unit(wanted: "is not a time; write for example 2h, or -2h for back") { text in signed(text) }

    static let shifts = Unit(wanted: "is not a time; write for example 2s or -2s, or a range such as -2s..2s") {
        text in range(text, signed)
    }

    static let part = Unit(wanted: "is no part of a whole; write for example 2 %") { text in percentage(text) }

    static let flag = Unit(wanted: "is neither yes nor no; write true or false") { text -> Bool? in
        switch text.lowercased() {
        case "true", "yes": true
        case "false", "no": false
        default: nil
        }
    }

    /// The outer optional: could it be read; the inner one: a fixed interval, or `auto`.
    static let pulse = Unit(wanted: "is not a time from 1s to 600s; write for example 1s or 2m, or auto") {
        text -> Duration?? in
        if text.lowercased() == "auto" { return .some(nil) }
        return Duration(text).flatMap { (.seconds(1) ... .seconds(600)).contains($0) ? .some($0) : nil }
    }

    static let days = Unit(wanted: "is not a number of days up to 366; write for example 30 or 0.5") {
        text -> Duration? in
        guard let count = number(text), count > 0, count <= 366 else { return nil }
        return .milliseconds(Int64((count * 86_400_000).rounded()))
    }

    /// `"10GB/month"`, `"2GB..32GB/week"`.
    static let allowance = Unit(
        wanted: "is not an amount per period; write for example 10GB/month, 200GiB/week or 2GB..32GB/day"
    ) { text -> (limit: ClosedRange<ByteCount>, period: Duration)? in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let limit = sizes.read(String(parts[0])), let period = period(String(parts[1])) else {
            return nil
        }
        return (limit, period)
    }

    /// `"5000/day"`, `"200/hour"`: in a day.
    static let frequency = Unit(wanted: "is not how often; write for example 5000/day or 200/hour") { text -> Int? in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(trimmed(parts[0])), (0...mostRequests).contains(count) else {
            return nil
        }
        return switch trimmed(parts[1]).lowercased() {
        case "day": count
        case "hour": count * 24
        default: nil
        }
    }

    static let positiveDuration = Unit(wanted: "is not a time above 0s; write for example 90s, 10min, 12h or 3d") {
        text in duration.read(text).flatMap { $0 > .zero ? $0 : nil }
    }

    /// Kilometres.
    static let distance = Unit(wanted: "is not a distance; write for example 50km") { text -> Double? in
        guard text.lowercased().hasSuffix("km"), let count = number(trimmed(text.dropLast(2))), count <= 20_000 else {
            return nil
        }
        return count
    }

    static let delay = Unit(
        wanted: "is not a delay; write geography, a time such as 20ms, a range such as 1ms..60ms, or {matrix: <path>}"
    ) { text -> Topology.Delay? in
        if text.lowercased() == "geography" { return .geography }
        return range(text, duration.read).flatMap { $0.upperBound <= .seconds(60) ? .drawn($0) : nil }
    }

    static let honesty = word(Topology.Honesty.allCases.map { ($0.rawValue, $0) })
    static let entry = word(Topology.Entry.allCases.map { ($0.rawValue, $0) })

    static func count(_ bounds: ClosedRange<Int>) -> Unit<Int> {
        Unit(
            wanted:
                "is no number that can stand here; write a whole one from \(bounds.lowerBound) to \(bounds.upperBound)"
        ) { text in
            Int(text).flatMap { bounds.contains($0) ? $0 : nil }
        }
    }

    static func decimal(_ bounds: ClosedRange<Double>) -> Unit<Double> {
        Unit(
            wanted:
                "is no number that can stand here; write one from \(short(bounds.lowerBound)) to \(short(bounds.upperBound))"
        ) { text in
            number(text).flatMap { bounds.contains($0) ? $0 : nil }
        }
    }

    /// One of several words.
    static func word<Value: Sendable>(_ words: [(String, Value)]) -> Unit<Value> {
        Unit(wanted: "is none of the words that belong here; write \(alternatives(words.map(\.0)))") { text in
            words.first { $0.0 == text.lowercased() }?.1
        }
    }

    // MARK: Helpers

    /// Larger sizes and more requests are slips of the hand; sums of so many still fit.
    private static let longestSize = ByteCount(1_000_000_000_000_000 as Int64)
    private static let mostRequests = 1_000_000_000

    /// `"a"`, `"a or b"`, `"a, b or c"`.
    static func alternatives(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// Digits with at most one point, so that neither `nan` nor `1e9` is one.
    static func number(_ text: String) -> Double? {
        guard text.utf8.count <= 20, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }) else { return nil }
        return Double(text)
    }

    private static func short(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\(number)"
    }

    private static func signed(_ text: String) -> Duration? {
        let text = trimmed(text)
        return text.hasPrefix("-") ? duration.read(String(text.dropFirst())).map { .zero - $0 } : duration.read(text)
    }

    /// `"2 %"`: 0.02.
    static func percentage(_ text: String) -> Double? {
        guard text.hasSuffix("%"), let count = number(trimmed(text.dropLast())), count <= 100 else { return nil }
        return count / 100
    }

    /// `"100Mbit"`, `"1.5 Gbit"`: bytes a second.
    private static func bits(_ text: String) -> ByteCount? {
        let compact = text.lowercased().filter { $0 != " " }
        let amount = compact.dropLast(3)
        guard compact.hasSuffix("bit"), amount.last != "b", let count = ByteCount(amount), count.bytes >= 8,
            count <= longestSize
        else { return nil }
        return count / 8
    }

    private static func period(_ text: String) -> Duration? {
        switch trimmed(text).lowercased() {
        case "month": .seconds(30 * 86_400)
        case "week": .seconds(7 * 86_400)
        case "day": .seconds(86_400)
        case "hour": .seconds(3600)
        default: nil
        }
    }

    /// One value, or `"from..to"`.
    private static func range<Value: Comparable>(_ text: String, _ read: (String) -> Value?) -> ClosedRange<Value>? {
        guard let dots = text.firstRange(of: "..") else { return read(trimmed(text)).map { $0...$0 } }
        guard let lower = read(trimmed(text[..<dots.lowerBound])), let upper = read(trimmed(text[dots.upperBound...])),
            lower <= upper
        else { return nil }
        return lower...upper
    }
}
