import Foundation

/// Writes down each input before it is tried, so that the one that ends the process is there afterwards; and says
/// where.
final class FlightRecorder {
    private let subject: Subject
    private let path: String
    private let descriptor: Int32

    /// What the handler writes; it may do nothing else.
    private nonisolated(unsafe) static var lastWords: UnsafeMutablePointer<CChar>?
    /// How long one parser's run may take: beyond it, something hangs.
    private static let longestRun: UInt32 = 300

    init(_ subject: Subject) throws {
        self.subject = subject
        path = FileManager.default.temporaryDirectory.path(percentEncoded: false) + "potluck-fuzz-\(subject.name)"
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        try claim(descriptor >= 0, "\(path) cannot be written")
        free(Self.lastWords)
        Self.lastWords = strdup("\n\(advice)\n")
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGALRM] {
            signal(number) { number in
                if let words = FlightRecorder.lastWords { _ = write(STDERR_FILENO, words, strlen(words)) }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
        alarm(Self.longestRun)
    }

    /// What to do with what was found.
    var advice: String {
        "fuzz: \(subject.name) fails on \(path); try it again with: deploy/fuzz \(subject.name) \(path)"
    }

    func record(_ input: [UInt8]) {
        _ = ftruncate(descriptor, off_t(input.count))
        _ = pwrite(descriptor, input, input.count, 0)
    }

    /// Nothing was found.
    func discard() { unlink(path) }

    deinit {
        alarm(0)
        close(descriptor)
    }
}
