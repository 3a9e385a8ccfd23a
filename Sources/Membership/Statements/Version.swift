internal import Primitives

/// What orders two cards, or two statuses, of one node. Versions are taken from the wall clock in milliseconds, and
/// raised by one where it stands still or falls back.
enum Version {
    /// The first millisecond of the year 10000: no version reaches it, so that a version can always be raised without
    /// overflow.
    static let limit: UInt64 = 253_402_300_800_000

    /// The version after `last` at a time; never lower than `last`.
    static func next(after last: UInt64, at wallTime: WallTime) -> UInt64 {
        let clock = UInt64(clamping: wallTime.milliseconds)
        return min(max(clock, last &+ 1), limit - 1)
    }
}

extension WireReader {
    mutating func version() throws(WireError) -> UInt64 {
        let version = try uint64()
        guard version < Version.limit else { throw .malformed("a version beyond the year 9999") }
        return version
    }
}
