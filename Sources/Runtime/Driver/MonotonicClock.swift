import CLinux
import Foundation
import Primitives

/// This machine's clocks, in the core's words.
struct MonotonicClock: Sendable {
    private let origin = ContinuousClock().now

    /// Since this clock was made. Goes on while the machine sleeps: peers do.
    var now: Instant {
        Instant.zero + origin.duration(to: ContinuousClock().now)
    }

    /// The calendar, as the machine believes it to be.
    static var wallTime: WallTime {
        WallTime(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// Whether the machine says that its calendar is kept right by others (NTP).
    static var isSynchronised: Bool { clinux_clock_is_synchronised() != 0 }

    func sleep(until instant: Instant) async throws {
        try await Task.sleep(until: origin + (instant - .zero), clock: ContinuousClock())
    }
}
