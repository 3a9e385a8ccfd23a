import ArgumentParser
import Console
import Foundation
import Testing

@testable import node

@Suite struct MistakeTests {
    /// What a command line is answered that cannot be read.
    private func complaint(about arguments: [String]) throws -> Complaint {
        let error = try #require(throws: (any Error).self) { try NodeCommand.parseAsRoot(arguments) }
        return Complaint(error, arguments: arguments)
    }

    @Test(arguments: [
        (["share", "a.mp4"], "There is no command “share”; `node help` lists those there are."),
        (["shov"], "There is no command “shov”; did you mean “show”, or one of those that `node help` lists?"),
        (["status", "--jason"], "Unknown option '--jason'; did you mean '--json'?"),
        (["status", "now"], "Unexpected argument 'now'; `node help status` explains the command."),
        (["post"], "Missing expected argument '<file> ...'; `node help post` explains the command."),
        (["post", "a", "--replicas", "300"], "--replicas is a number from 0 to 255."),
        (["--frob"], "Unknown option '--frob'; `node help` lists the commands."),
        (
            ["--data", "/srv/x", "status"],
            "The command comes first and “--data” after it, as in `node status --data …`; `node help` lists the commands."
        ),
        (
            ["--data=/srv/x", "peers", "--json"],
            "The command comes first and “--data” after it, as in `node peers --data …`; `node help` lists the commands."
        ),
        (
            ["--data", "/srv/x"],
            "The command comes first and “--data” after it, as in `node status --data …`; `node help` lists the commands."
        ),
    ])
    func `a command that cannot be read is answered in one sentence`(arguments: [String], sentence: String) throws {
        let complaint = try complaint(about: arguments)
        #expect(complaint == Complaint(sentence, status: 64))
    }

    @Test func `what went wrong later is told as it is, and ends with its own status`() {
        let late = Complaint("It takes longer.", status: 75)
        #expect(Complaint(late, arguments: []) == late)
        let refused = OperatorError(.conflict, "This cannot be; do that.")
        #expect(Complaint(refused, arguments: ["join"]) == Complaint("This cannot be; do that."))
    }

    @Test func `what terminals obey is replaced in tables and escaped in JSON`() throws {
        var table = Table([.init("NAME")])
        table.append(["a\u{1B}[31m\u{202E}b"])
        #expect(table.lines() == ["NAME", "a\u{FFFD}[31m\u{FFFD}b"])
        let json = #""film\#u{202E}4pm \#u{9B}é🍲""#
        let escaped = Terminal.escaping(json)
        #expect(escaped == #""film\u202e4pm \u009bé🍲""#)
        #expect(try JSONDecoder().decode(String.self, from: Data(escaped.utf8)) == "film\u{202E}4pm \u{9B}é🍲")
    }
}
