internal import Allowance
internal import Primitives

/// What wires, disks and calendars of a virtual network are like, where a machine says nothing else.
struct Conditions {
    /// A fixed interval between pulses; nothing where the nodes find it themselves.
    var pulse: Duration? = .seconds(2)
    /// What the ways between nodes, and to their clients, are like.
    var links = Self.near
    /// How long a transaction takes.
    var writing: ClosedRange<Duration> = .milliseconds(1) ... .milliseconds(20)
    /// Of machines that are made without saying so: periods follow each other without a gap from the world's epoch.
    var period = Duration.seconds(86_400)
    /// How often the shell reads clock and disk.
    var rhythm = Self.usualRhythm

    static let usualRhythm = Duration.seconds(10)
    /// How often the shell tells whom it sends clients to.
    static let tallying = Duration.seconds(1)
    /// How long a lost question goes unanswered.
    static let callLimit = Duration.seconds(2)
    /// How long a client waits for a look-up.
    static let lookUpLimit = Duration.seconds(3)

    /// Any two are up to 60 ms from each other, wherever they are.
    private static let near = {
        var links = Topology.Links()
        links.delay = .drawn(.milliseconds(1) ... .milliseconds(60))
        return links
    }()

    func period(at time: WallTime) -> Period { Self.period(of: period, at: time) }

    static func period(of length: Duration, at time: WallTime) -> Period {
        let milliseconds = length.wholeMilliseconds
        let passed = (time - VirtualNetwork.epoch).wholeMilliseconds
        // Rounded down, also before the epoch.
        let number = passed / milliseconds - (passed % milliseconds < 0 ? 1 : 0)
        let starts = VirtualNetwork.epoch + .milliseconds(number * milliseconds)
        return Period(starts: starts, ends: starts + length)
    }

    /// A random duration within the range.
    static func draw(_ range: ClosedRange<Duration>, using generator: inout Generator) -> Duration {
        let bounds = range.lowerBound.wholeNanoseconds...range.upperBound.wholeNanoseconds
        return .nanoseconds(Int64.random(in: bounds, using: &generator))
    }
}
