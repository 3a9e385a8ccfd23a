import Primitives

/// How far something with a known size has come, as one line.
struct Progress: Equatable, Sendable {
    var label: String
    var done: ByteCount
    var total: ByteCount
    var unit = Unit.bytes
    /// Bytes a second, of late; nothing while too little has happened.
    var rate: Double?

    /// What people are told beside the percentage.
    enum Unit: Equatable, Sendable {
        /// Bytes of all bytes, their rate, and the time that is left.
        case bytes
        /// Whole copies of a file of this length.
        case copies(of: ByteCount)
        /// Virtual time: what is counted are milliseconds.
        case days
        /// Worlds, each of which is lived through twice.
        case worlds
    }

    /// Columns that the bar takes at most and at least; with less room there is none.
    private static let widestBar = 30
    private static let narrowestBar = 8

    /// From 0 to 1; of nothing, all is done.
    var fraction: Double { total.bytes <= 0 ? 1 : min(1, max(0, done.fraction(of: total))) }

    /// Never wider than `width`.
    func line(width: Int, isUnicode: Bool) -> String {
        let figures = figures
        let room = width - DisplayWidth.of(figures) - 4
        let barWidth = min(Self.widestBar, room / 2)
        guard barWidth >= Self.narrowestBar else {
            let short = DisplayWidth.clip(label, to: max(0, room + 2))
            return DisplayWidth.clip(short.isEmpty ? figures : "\(short)  \(figures)", to: width)
        }
        let name = DisplayWidth.clip(label, to: room - barWidth)
        let bar = isUnicode ? Self.blocks(fraction, width: barWidth) : Self.hashes(fraction, width: barWidth)
        return "\(name)  \(bar)  \(figures)"
    }

    /// The same for a log or a pipe.
    var plainLine: String { "\(label): \(figures)" }

    private var figures: String {
        switch unit {
        case .bytes: "\(percent)  \(done) of \(total)\(speed)"
        case .copies(let length) where length > .zero:
            "\(percent)  \(done.bytes / length.bytes) of \(total.bytes / length.bytes) copies"
        case .copies: percent
        case .worlds: "\(percent)  \(done.bytes / 2) of \(total.bytes / 2) worlds"
        case .days: "\(percent)  \(Self.days(done)) of \(Self.days(total)) days\(pace)"
        }
    }

    private static func days(_ milliseconds: ByteCount) -> String {
        Words.decimal(Double(milliseconds.bytes) / 86_400_000)
    }

    private var pace: String {
        guard let rate, rate >= 1 else { return "" }
        return "  \(Words.decimal(rate / 86_400_000)) days/s\(timeLeft(rate))"
    }

    private var speed: String {
        guard let rate, rate >= 1 else { return "" }
        return "  \(ByteCount(Int64(rate)))/s\(timeLeft(rate))"
    }

    private func timeLeft(_ rate: Double) -> String {
        let left = Double((total - done).bytes) / rate
        return done < total && left < 360_000 ? "  \(Words.clock(seconds: Int(left.rounded(.up)))) left" : ""
    }

    /// Rounded down: 100 % is said when all is done.
    private var percent: String {
        let text = "\(Int(fraction * 100)) %"
        return String(repeating: " ", count: max(0, 5 - text.count)) + text
    }

    private static func blocks(_ fraction: Double, width: Int) -> String {
        let eighths = Int(fraction * Double(width * 8))
        let parts: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        var bar = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { bar.append(parts[eighths % 8 - 1]) }
        return bar + String(repeating: "░", count: width - bar.count)
    }

    private static func hashes(_ fraction: Double, width: Int) -> String {
        let inner = width - 2
        let filled = Int(fraction * Double(inner))
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: inner - filled) + "]"
    }
}

/// Bytes a second over the last few seconds, from counts seen at moments.
struct RateMeter: Sendable {
    private var samples: [(at: Instant, done: ByteCount)] = []

    /// Long enough to be calm, short enough to show a stall.
    private static let window = Duration.seconds(5)
    /// Samples closer than this to the last one replace it.
    private static let spacing = Duration.milliseconds(100)

    mutating func record(_ done: ByteCount, at now: Instant) {
        if samples.count >= 2, let last = samples.last, now - samples[samples.count - 2].at < Self.spacing {
            samples[samples.count - 1] = (max(now, last.at), done)
        } else {
            samples.append((now, done))
        }
        samples.removeAll { now - $0.at > Self.window }
    }

    /// Nothing before half a second has been seen.
    var rate: Double? {
        guard let first = samples.first, let last = samples.last else { return nil }
        let nanoseconds = (last.at - first.at).wholeNanoseconds
        guard nanoseconds >= 500_000_000 else { return nil }
        return Double((last.done - first.done).bytes) / (Double(nanoseconds) / 1e9)
    }
}
