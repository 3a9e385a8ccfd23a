import Overlay
import Primitives
import Testing

@testable import Runtime

@Suite struct ClockCheckTests {
    private let start = WallTime(milliseconds: 1_700_000_000_000)
    private let day = Duration.seconds(86_400)
    private func instant(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

    @Test func aClockThatKeepsPaceIsBelievedHoweverFarItDriftsInTheEnd() {
        var check = ClockCheck(wall: start, at: .zero)
        for step in 1...10_000 {
            // A second fast in ten.
            let reading = check.read(start + .seconds(step * 11), at: instant(step * 10), isSynchronised: false)
            #expect(reading.time == start + .seconds(step * 11))
            #expect(reading.gap == nil)
        }
    }

    @Test func aClockThatJumpedAheadIsNotFollowedUntilItIsRight() {
        var check = ClockCheck(wall: start, at: .zero)
        for step in 1...100 {
            let wall = start + day * 40 + .seconds(step * 10)
            let reading = check.read(wall, at: instant(step * 10), isSynchronised: false)
            #expect(reading.time == start + .seconds(step * 10))
            #expect(reading.gap == day * 40)
        }
        let right = check.read(start + .seconds(1010), at: instant(1010), isSynchronised: false)
        #expect(right.time == start + .seconds(1010))
        #expect(right.gap == nil)
    }

    @Test func aClockThatWasSetBackGrantsNothingAndHoldsNothingUp() {
        var check = ClockCheck(wall: start, at: .zero)
        let reading = check.read(start + day * -2, at: instant(10), isSynchronised: false)
        #expect(reading.time == start + day * -2)
        #expect(reading.gap == day * -2 - .seconds(10))
        #expect(check.read(start + .seconds(20), at: instant(20), isSynchronised: false).gap == nil)
    }

    @Test func aJumpIsFollowedWhereOthersKeepTheClockRight() {
        var check = ClockCheck(wall: start, at: .zero)
        let jumped = start + day * 40
        let followed = check.read(jumped, at: instant(10), isSynchronised: true)
        #expect(followed.time == jumped)
        #expect(followed.gap == nil)
        #expect(check.read(jumped + .seconds(10), at: instant(20), isSynchronised: false).gap == nil)
    }
}
