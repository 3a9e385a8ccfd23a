/// A value whose signature has been checked. The core takes nothing that a peer signed in any other form.
///
/// Only who imports this module with `@_spi(Verification)` can make one: Transport, which checks signatures, the
/// runtime's own storage, whose rows were checked before they were written, and worlds without cryptography.
@frozen
public struct Verified<Value: Sendable & Hashable>: Hashable, Sendable {
    public let value: Value

    @_spi(Verification)
    public init(checked value: Value) {
        self.value = value
    }

    /// A part of what was checked as a whole.
    public func part<Part>(_ part: (Value) -> Part) -> Verified<Part> {
        Verified<Part>(checked: part(value))
    }

    /// The elements of a list that was checked as a whole.
    public func parts<Part>(_ parts: (Value) -> [Part]) -> [Verified<Part>] {
        parts(value).map { Verified<Part>(checked: $0) }
    }
}
