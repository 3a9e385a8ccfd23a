internal import Allowance
internal import Primitives

/// What wires, disks and calendars of a virtual network are like.
struct Conditions {
    var pulse = Duration.seconds(2)
    var delay: ClosedRange<Duration> = .milliseconds(1) ... .milliseconds(60)
    /// Of a thousand datagrams, of a thousand questions or answers, of a thousand transfers: so many do not get
    /// through.
    var loss = 0
    /// Of a thousand datagrams so many arrive twice.
    var duplication = 0
    /// How long a transaction takes.
    var writing: ClosedRange<Duration> = .milliseconds(1) ... .milliseconds(20)
    /// Bytes a second of each transfer.
    var rate = ByteCount.megabytes(8)
    /// Periods follow each other without a gap from the world's epoch.
    var period = Duration.seconds(86_400)

    /// How often the shell reads clock and disk.
    static let rhythm = Duration.seconds(10)
    /// How long a lost question goes unanswered.
    static let callLimit = Duration.seconds(2)
    /// How long a client waits for a look-up.
    static let lookUpLimit = Duration.seconds(3)

    func period(at time: WallTime) -> Period {
        let length = period.wholeMilliseconds
        let number = (time - VirtualNetwork.epoch).wholeMilliseconds / length
        let starts = VirtualNetwork.epoch + .milliseconds(number * length)
        return Period(starts: starts, ends: starts + period)
    }

    /// A random duration within the range.
    static func draw(_ range: ClosedRange<Duration>, using generator: inout Generator) -> Duration {
        let bounds = range.lowerBound.wholeNanoseconds...range.upperBound.wholeNanoseconds
        return .nanoseconds(Int64.random(in: bounds, using: &generator))
    }
}
