import Membership
import Overlay
import Primitives
import Testing

@testable import Runtime

@Suite struct StartCheckTests {
    private let truth = WallTime(milliseconds: 1_700_000_000_000)
    private let month = Duration.seconds(31 * 86_400)
    private let check = StartCheck(at: .zero)

    private func read(
        _ wall: WallTime, heard count: Int, of possible: Int, after seconds: Int = 10, isSynchronised: Bool = false
    ) -> StartCheck.Finding {
        let witnesses = Witnesses(count: count, possible: possible, time: count == 0 ? nil : truth)
        return check.read(wall, witnesses, at: .zero + .seconds(seconds), isSynchronised: isSynchronised)
    }

    @Test func `a clock that neighbours agree with is believed once three were heard, or all there are`() {
        for gap in [Duration.zero, .seconds(150), .seconds(-150)] {
            #expect(read(truth + gap, heard: 2, of: 9) == .open)
            #expect(read(truth + gap, heard: 3, of: 9) == .believed)
            #expect(read(truth + gap, heard: 1, of: 1) == .believed)
        }
    }

    @Test func `a clock far from what neighbours say is doubted, however long that goes on`() {
        for seconds in [10, 700, 1_000_000] {
            #expect(read(truth + month, heard: 3, of: 9, after: seconds) == .doubted(gap: month, by: 3))
            #expect(read(truth + month * -1, heard: 9, of: 9, after: seconds) == .doubted(gap: month * -1, by: 9))
            #expect(read(truth + .seconds(151), heard: 2, of: 2, after: seconds) == .doubted(gap: .seconds(151), by: 2))
        }
    }

    @Test func `where nobody can be asked, or nobody answers for long, the clock is taken as it is`() {
        #expect(read(truth + month, heard: 0, of: 0) == .believed)
        #expect(read(truth + month, heard: 0, of: 9, after: 599) == .open)
        #expect(read(truth + month, heard: 0, of: 9, after: 600) == .believed)
        #expect(read(truth + month, heard: 1, of: 9, after: 600) == .doubted(gap: month, by: 1))
    }

    @Test func `a clock that others keep right needs no witnesses`() {
        #expect(read(truth + month, heard: 9, of: 9, isSynchronised: true) == .believed)
    }
}
