import Console
import Foundation
import Glibc
import Synchronization

/// What the two output streams are connected to, found out once.
///
/// Results go to standard output; progress, remarks and errors to standard error, so that a pipe gets results only.
/// What comes from outside may hold characters that terminals obey: none of them is written.
struct Terminal: Sendable {
    /// A terminal that can rewrite its current line.
    var rewritesLines: Bool
    /// Whether results are read by a person here and now.
    var showsResults: Bool
    /// Columns; nothing where nobody looks.
    var width: Int?
    /// Whether block characters can be shown.
    var isUnicode: Bool

    static let defaultWidth = 80

    init(rewritesLines: Bool, showsResults: Bool, width: Int?, isUnicode: Bool) {
        self.rewritesLines = rewritesLines
        self.showsResults = showsResults
        self.width = width
        self.isUnicode = isUnicode
    }

    /// The terminal of this process.
    static let current = Terminal(environment: ProcessInfo.processInfo.environment)

    private init(environment: [String: String]) {
        let errorIsTerminal = isatty(STDERR_FILENO) == 1
        rewritesLines = errorIsTerminal && environment["TERM"] != "dumb"
        showsResults = isatty(STDOUT_FILENO) == 1
        width = errorIsTerminal || showsResults ? Self.columns(environment) : nil
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        isUnicode = locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
    }

    private static func columns(_ environment: [String: String]) -> Int {
        for descriptor in [STDERR_FILENO, STDOUT_FILENO] {
            var size = winsize()
            if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        }
        return environment["COLUMNS"].flatMap { Int($0) } ?? defaultWidth
    }

    /// The width that tables keep to; nothing when they go to a pipe or a file.
    var resultWidth: Int? { showsResults ? width : nil }

    /// A line of a result.
    func print(_ line: String) {
        let problem = Self.write(FileName.printable(line) + "\n", to: STDOUT_FILENO)
        if let problem { Self.problem.store(problem, ordering: .relaxed) }
    }

    /// Whether all results were taken. Who stopped reading wanted no more, and is not told.
    static func checkResults() throws(Complaint) {
        let code = problem.load(ordering: .relaxed)
        guard code != 0, code != EPIPE else { return }
        throw Complaint(
            "What was done is done, but its result could not be written (\(String(cString: strerror(code)))); "
                + "send it somewhere that can take it.")
    }

    /// The system's number for why a result could not be written; 0: it could.
    private static let problem = Atomic<Int32>(0)

    /// The lines of a table.
    func print(_ table: Table) {
        for line in table.lines(width: resultWidth) { print(line) }
    }

    /// A remark beside the result.
    func remark(_ line: String) {
        Self.write(FileName.printable(line) + "\n", to: STDERR_FILENO)
    }

    /// Puts a text in the place of what the current line held, which was so many columns wide.
    func rewrite(_ text: String, over columns: Int) {
        // Spaces instead of an escape sequence: they erase on every terminal, coloured or not.
        Self.write("\r" + DisplayWidth.pad(FileName.printable(text), to: columns, .left), to: STDERR_FILENO)
    }

    /// Nothing when all was written, else the system's number for why not.
    @discardableResult
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more: what was to be done is done all the same.
            guard count > 0 else { return errno }
            bytes = bytes.dropFirst(count)
        }
        return nil
    }
}
