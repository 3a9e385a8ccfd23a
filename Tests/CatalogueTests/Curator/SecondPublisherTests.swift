import Catalogue
import Primitives
import Testing

@Suite("A tracker that hears that a file was taken back, and of no other publisher,")
struct SecondPublisherTests {
    let own = Sample.node(1)
    let publisher = Sample.node(50)
    let second = Sample.node(51)
    let manifest = Sample.manifest(length: .mebibytes(1), publisher: Sample.node(50), replicas: 0)
    var file: FileID { manifest.file }
    var other: Posting { manifest.posting.altered(by: second) }
    var found: CatalogueAnswer { .found([other], [complete(second)], [manifest.posting.withdrawal]) }
    var taken: CatalogueAnswer { .withdrawn([manifest.posting.withdrawal]) }

    func complete(_ holder: NodeID) -> Announcement {
        Announcement(file: file, holder: holder, version: 1, state: .complete)
    }

    /// It has tracked the file all the time.
    func tracker() -> Bench {
        var bench = Bench(own: own, members: [publisher, second].map { Sample.facts($0) })
        bench.ask(.announce([complete(publisher)], [manifest.posting]), from: publisher)
        #expect(bench.curator.route(of: file)?.posting == manifest.posting)
        let told = bench.ask(.announce([], [], [manifest.posting.withdrawal]), from: publisher)
        #expect(told.contains(.unroute(file)))
        return bench
    }

    @Test("tells clients what another tracker knows, whichever is asked first", arguments: [0, 1])
    func asks(position: Int) {
        var bench = tracker()
        #expect(bench.curator.ending(of: file) == nil && bench.curator.isWithdrawn(file))
        let told = position == 0 ? bench.want(file, found) : bench.want(file, taken, found)
        #expect(told.contains(.resolved(file, .settled)))
        #expect(bench.curator.route(of: file)?.posting == other)
        #expect(bench.curator.route(of: file)?.holders.map(\.id).contains(second) == true)
    }

    @Test("says that it is gone when no tracker knows of one, and asks again now and then")
    func gone() {
        var bench = tracker()
        let settings = Curator.Settings()
        for lifetime in [settings.negativeLifetime, settings.negativeLifetime * 2] {
            let told = bench.want(file, taken, .unknown)
            #expect(told.contains(.routeEnding(file, .withdrawn)) && told.contains(.resolved(file, .settled)))
            // Whoever asks meanwhile costs nothing.
            bench.wait(lifetime - .milliseconds(1))
            #expect(bench.curator.ending(of: file) == .withdrawn)
            #expect(bench.tell(.wanted(file)) == [.resolved(file, .settled)])
            #expect(bench.wait(.milliseconds(1)).contains(.unroute(file)))
        }
        bench.want(file, taken, found)
        #expect(bench.curator.route(of: file)?.posting == other)
    }

    @Test("offers what another publisher posts while it says so, and asks anew when that is taken back, too")
    func posted() {
        var bench = tracker()
        bench.want(file, .unknown)
        #expect(bench.curator.ending(of: file) == .withdrawn)
        bench.ask(.announce([complete(second)], [other]), from: second)
        #expect(bench.curator.route(of: file)?.posting == other)
        bench.ask(.announce([], [], [other.withdrawal]), from: second)
        #expect(bench.curator.route(of: file) == nil && bench.curator.ending(of: file) == nil)
        bench.want(file, .unknown)
        #expect(bench.curator.ending(of: file) == .withdrawn)
    }

    @Test("puts clients off while a tracker that is there is silent, three times")
    func silence() {
        var bench = tracker()
        for round in 0..<4 {
            let told = bench.want(file, taken, nil)
            let isPostponed = told.contains { if case .resolved(file, .postponed) = $0 { true } else { false } }
            #expect(isPostponed == (round < 3))
            #expect(bench.curator.ending(of: file) == (round < 3 ? nil : .withdrawn))
            bench.wait(.seconds(4))
            bench.wait(.seconds(4))
        }
    }
}
