/// Why no atlas could be opened: one sentence that says what to do.
public struct GeographyError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
