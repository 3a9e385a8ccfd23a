public import Allowance
public import Primitives

/// One response, for the log.
public struct AccessRecord: Equatable, Sendable {
    public var client: IPAddress
    /// The member that signed the request.
    public var peer: NodeID?
    public var method: String
    /// As sent, without the query.
    public var path: String
    public var status: Int
    public var traffic: TrafficClass
    /// Paid from the account: head and body as handed to the kernel.
    public var sent: ByteCount
    /// Everything was handed over: nothing went wrong, nobody hung up.
    public var isComplete: Bool
    public var duration: Duration
}
