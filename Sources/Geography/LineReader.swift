import Foundation

/// A text file line by line, in one buffer that is used again and again.
struct LineReader: ~Copyable {
    let path: String
    /// Bytes of the file when it was opened.
    let size: Int
    /// Of the line that `next` returned last, from 1.
    private(set) var lineNumber = 0
    private let file: UnsafeMutablePointer<FILE>
    private var buffer: UnsafeMutablePointer<CChar>?
    private var capacity = 0

    init(_ path: String) throws(GeographyError) {
        self.path = path
        guard let file = fopen(path, "re") else {
            throw GeographyError(
                "The country table \(path) cannot be opened (\(String(cString: strerror(errno)))): check that it exists "
                    + "and who may read it, or choose another with --geo.")
        }
        self.file = file
        var facts = stat()
        size = fstat(fileno(file), &facts) == 0 ? Int(facts.st_size) : 0
    }

    deinit {
        free(buffer)
        fclose(file)
    }

    /// The next line without its end, followed by a zero; valid until the next call. Nil at the end, or when reading
    /// fails.
    mutating func next() -> UnsafeMutableBufferPointer<CChar>? {
        var length = getline(&buffer, &capacity, file)
        guard length > 0, let buffer else { return nil }
        lineNumber += 1
        while length > 0, [10, 13].contains(buffer[length - 1]) { length -= 1 }
        buffer[length] = 0
        return UnsafeMutableBufferPointer(start: buffer, count: length)
    }

    /// Whether the last `nil` was a failure, not the end.
    var hasFailed: Bool { ferror(file) != 0 }
}
