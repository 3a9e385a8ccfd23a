import Foundation
import Primitives
import Testing

extension NetworkTests {
    @Suite("A clock at a restart") struct Clocks {
        @Test(
            "that is ahead of the neighbours' grants nothing and is told; with theirs, a new period begins",
            .enabled(if: ClockShift.obstacle == nil, "\(ClockShift.obstacle ?? "")"))
        func ahead() async throws {
            try await TestNetwork.with(Array(TestNetwork.world.prefix(4))) { network in
                let node = network.nodes[3]
                let file = try network.makeFile("served.bin", .megabytes(1))
                let link = try await node.post(file, replicas: 0)
                let brief = try network.makeFile("brief.bin", .megabytes(1), seed: 2)
                let briefLink = try await node.succeed(
                    ["post", "--replicas", "0", "--expires", "10d", brief.path(percentEncoded: false)])
                let readers = try Readers()
                defer { readers.leave() }
                let client = try #require(try CountryAddresses().neighbourhoods(in: "JP", count: 1).first)
                func isServed() async throws -> Bool {
                    try await readers.ask([.init(link: link, address: client)])[0].isRight(file)
                }
                #expect(try await isServed())
                #expect(await node.stop() == 0)
                let clock = try await ClockShift(in: network.directory.url)
                try clock.set(days: 40)
                try node.start(["run"] + node.settings, environment: clock.environment)
                try await node.isUp()
                let telling = try await eventually("it is told", within: .seconds(30)) {
                    try await node.status().trouble("clock")?.contains("3 neighbours say") == true
                }
                figure("started 40 days ahead, told after", telling)
                let sentence = try await node.status().trouble("clock")
                figure("  status says", sentence ?? "")
                let account = try await node.account()
                #expect(account.spent(on: "serving") > 1_000_000, "what was spent before stays spent")
                try await eventually("clients get files out of the old period", within: .seconds(10)) {
                    try await isServed()
                }
                #expect(try await node.account().periodStarts == account.periodStarts)
                try await eventually("so they do of a file that would have ended", within: .seconds(10)) {
                    try await readers.ask([.init(link: briefLink, address: client)])[0].isRight(brief)
                }

                // All of them, so that the clock is right now, and a month has passed.
                for node in network.nodes { #expect(await node.stop() == 0) }
                for node in network.nodes {
                    try node.start(["run"] + node.settings, environment: clock.environment)
                }
                for node in network.nodes { try await node.isUp() }
                let turning = try await eventually("the new period has begun", within: .seconds(40)) {
                    for node in network.nodes {
                        guard try await node.account().periodStarts > account.periodStarts else { return false }
                    }
                    return true
                }
                figure("all started a month later, a new period with all of them after", turning)
                try await eventually("nothing is wrong any more", within: .seconds(20)) {
                    try await node.status().trouble("clock") == nil
                }
                #expect(try await node.account().spent(on: "serving") == 0)
                try await eventually("clients get files", within: .seconds(20)) { try await isServed() }
            }
        }
    }
}
