import Primitives
import Testing

@testable import Membership
@testable import Runtime

@Suite struct TwinDoubtsTests {
    private let pulse = Duration.seconds(60)

    private func at(_ seconds: Int) -> Instant { .zero + .seconds(seconds) }

    /// The seconds at which members are asked.
    private func questions(
        _ doubts: inout TwinDoubts, in seconds: Range<Int>, isCutOff: Bool, _ twin: (Int) -> Twin? = { _ in nil }
    ) -> [Int] {
        seconds.filter { doubts.look(isCutOff: isCutOff, twin($0), at: at($0)) }
    }

    @Test func `who is not cut off and hears of no twin asks nobody`() {
        var doubts = TwinDoubts(pulse: pulse)
        #expect(questions(&doubts, in: 0..<10_000, isCutOff: false) == [])
        #expect(doubts.twin == nil)
    }

    @Test func `who is cut off asks at once, then ever more rarely`() {
        var doubts = TwinDoubts(pulse: pulse)
        #expect(doubts.quiet == .seconds(600))
        #expect(questions(&doubts, in: 100..<3000, isCutOff: true) == [100, 250, 550, 1150, 1750, 2350, 2950])
        #expect(questions(&doubts, in: 3000..<3010, isCutOff: false) == [])
        #expect(questions(&doubts, in: 3010..<3200, isCutOff: true) == [3010, 3160])
    }

    @Test func `a twin is asked after at once and steadily, until none was heard for long`() {
        var doubts = TwinDoubts(pulse: pulse)
        #expect(questions(&doubts, in: 0..<10, isCutOff: true) == [0])
        let first = Twin(url: "http://192.0.2.1:80", heardAt: at(10))
        #expect(questions(&doubts, in: 10..<500, isCutOff: false) { _ in first } == [10, 160, 310, 460])
        #expect(doubts.twin == first)
        // Heard again: it counts from then on.
        let again = Twin(url: "http://192.0.2.1:80", heardAt: at(500))
        #expect(questions(&doubts, in: 500..<1100, isCutOff: false) { _ in again } == [610, 760, 910, 1060])
        #expect(doubts.twin == again)
        #expect(questions(&doubts, in: 1100..<3000, isCutOff: false) { _ in again } == [])
        #expect(doubts.twin == nil)
        // And back, after all.
        let later = Twin(url: nil, heardAt: at(3000))
        #expect(questions(&doubts, in: 3000..<3100, isCutOff: false) { _ in later } == [3000])
        #expect(doubts.twin == later)
    }

    @Test func `two that signal in turn never lose sight of one another, though every second question fails`() {
        // The longest chain: one asks, and the other hears of it at its own next question but one.
        for pulse in [1, 5, 60, 600] as [Int] {
            let doubts = TwinDoubts(pulse: .seconds(pulse))
            #expect(doubts.quiet >= .seconds(pulse) * TwinDoubts.quietPulses && doubts.quiet >= TwinDoubts.leastQuiet)
            #expect(doubts.quiet / TwinDoubts.questions * 4 <= doubts.quiet)
        }
    }

    @Test func `the operator is told where the other one is and what to do`() {
        #expect(
            TwinGuard.sentence(about: Twin(url: "http://192.0.2.1:80", heardAt: .zero))
                == "Another process runs with this node's identity at http://192.0.2.1:80, so that neither gives files to "
                + "anybody; stop one of them, and use a new data directory, not a copy, for a second node.")
    }
}
