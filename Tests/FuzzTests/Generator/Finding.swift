import Primitives

/// What an input did that no input may do.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws unless it holds.
func claim(_ holds: Bool, _ otherwise: @autoclosure () -> String) throws {
    if !holds { throw Finding(otherwise()) }
}

/// Throws unless the text is what may be written to a log or a terminal: one line, no control characters, nothing that
/// turns the direction of reading.
func claimPrintable(_ text: String, _ what: String) throws {
    try claim(text.isPrintable, "\(what) is not fit to be printed: \(text.debugDescription)")
}
