import Allowance
import Catalogue
import Console
import Logging
import Membership
import Overlay
import Primitives
import Testing
import Transport

@testable import Runtime

@Suite struct InboxTests {
    private let wake = Overlay::Event.wake

    private func events(_ items: [Inbox.Item]) -> [Overlay::Event] {
        items.compactMap { item in
            switch item {
            case .event(let event): event
            case .question: nil
            }
        }
    }

    @Test func eventsComeOutInTheirOrderOnce() {
        let inbox = Inbox()
        let times = (1...3).map { Overlay::Event.wallClock(WallTime(milliseconds: $0)) }
        for event in times { inbox.post(event) }
        #expect(events(inbox.drain()) == times)
        #expect(inbox.drain().isEmpty)
    }

    @Test func whatIsDroppedIsTroubleWhileItGoesOn() {
        let inbox = Inbox()
        let troubles = Troubles(logger: Logger(label: "test"))
        var seen: UInt64 = 0
        Rhythm.check(inbox, &seen, troubles)
        #expect(troubles.current.isEmpty)
        for _ in 0..<Inbox.limit + 3 { inbox.offer(wake) }
        Rhythm.check(inbox, &seen, troubles)
        #expect(seen == 3 && troubles.current.map(\.kind) == [.overloaded])
        #expect(troubles.current.first?.sentence.contains("3 were dropped since the start") == true)
        let view = DatagramsView(DatagramCounts(), inboxFull: inbox.dropped, disbelieved: 0)
        #expect(view.dropped["inboxFull"] == 3)
    }

    @Test func aFullInboxDropsDatagramsAndNothingElse() {
        let inbox = Inbox()
        for _ in 0..<Inbox.limit { inbox.post(wake) }
        inbox.offer(wake)
        inbox.post(wake)
        #expect(inbox.dropped == 1)
        #expect(inbox.drain().count == Inbox.limit + 1)
    }

    @Test func whatIsPutAfterADrainRingsTheBell() async {
        let inbox = Inbox()
        var arrivals = inbox.arrivals.makeAsyncIterator()
        inbox.post(wake)
        inbox.post(wake)
        #expect(await arrivals.next() != nil)
        #expect(inbox.drain().count == 2)
        inbox.post(wake)
        #expect(await arrivals.next() != nil)
        #expect(inbox.drain().count == 1)
    }

    @Test func aClosedInboxTakesNothingAndAnswersNobody() async {
        let inbox = Inbox()
        inbox.close()
        inbox.post(wake)
        #expect(inbox.drain().isEmpty)
        #expect(await inbox.ask { _ in 1 } == nil)
        var arrivals = inbox.arrivals.makeAsyncIterator()
        #expect(await arrivals.next() == nil)
    }
}

@Suite struct LoadTests {
    @Test(
        arguments: [(0, 0), (7, 0), (8, 1), (15, 1), (16, 2), (511, 6), (512, 7), (1_000_000, 7)] as [(Int, UInt8)])
    func theLoadClassRisesAsConnectionsDouble(connections: Int, load: UInt8) {
        #expect(Rhythm.load(connections: connections) == load)
    }
}
