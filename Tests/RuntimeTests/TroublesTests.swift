import Console
import Glibc
import Logging
import Primitives
import Storage
import Synchronization
import Testing

@testable import Runtime

@Suite struct TroublesTests {
    @Test func eachIsToldOnceUntilItIsOver() {
        let log = LineLog()
        let troubles = Troubles(logger: log.logger)
        troubles.raise(.diskFull, "There is no room; free some.")
        troubles.raise(.clock, "The clock was set back; set it right.")
        troubles.raise(.diskFull, "There is no room for the database; free some.")
        #expect(troubles.current.map(\.kind) == [.diskFull, .clock])
        #expect(troubles.current.first?.sentence == "There is no room for the database; free some.")
        troubles.clear(.network)
        troubles.clear(.diskFull)
        troubles.clear(.diskFull)
        #expect(troubles.current.map(\.kind) == [.clock])
        #expect(
            log.lines == [
                "There is no room; free some.", "The clock was set back; set it right.",
                "There is room on the disk again.",
            ])
    }

    @Test func whatTheDiskRefusesIsTroubleAndWhatIsMerelyMissingIsNot() {
        let troubles = Troubles(logger: LineLog().logger)
        #expect(!troubles.raise(.abandoned))
        #expect(troubles.raise(.full(path: "/data")))
        #expect(troubles.raise(.system(path: "/data", code: 5)))
        #expect(troubles.current.map(\.kind) == [.diskFull, .diskFailing])
    }

    @Test func whatKeepsTheDoorShutIsNamedWithWhatToDo() throws {
        let endpoint = try #require(Endpoint("0.0.0.0:8080"))
        let sentences: [(Int32, String)] = [
            (
                EMFILE,
                "The node may open no more than 64 files and connections at once, and all are in use; allow it more "
            ),
            (ENFILE, "The programs of this machine have as many files open as they may together; end one that holds "),
            (
                ENOBUFS,
                "This machine has no memory left for another connection; end a program that takes much, or give "
            ),
            (ENOMEM, "This machine has no memory left for another connection; end a program that takes much, or give "),
        ]
        for (number, sentence) in sentences {
            #expect(DoorTrouble.shortage(number, descriptors: 64).hasPrefix(sentence))
        }
        #expect(DoorTrouble.closed(endpoint, CancellationError()).hasPrefix("0.0.0.0:8080 cannot be listened on ("))
    }
}

/// What was logged, for tests.
final class LineLog: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: LineLog
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.state.withLock { $0.append("\(event.message)") }
        }
    }
}
