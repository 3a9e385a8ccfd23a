/// Names a run of pieces that is being fetched, until that has ended.
public struct FetchID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) {
        self.number = number
    }
}
