internal import CCurl
internal import Foundation
public import Primitives
internal import Synchronization

/// Carries HTTP requests to other nodes, and to a daemon's socket, with libcurl: all of them on one thread that waits
/// for all of their connections at once, and keeps some open for the next request.
///
/// No redirect is followed unless a request allows it, and no proxy of the environment is used: peers are addressed by
/// signed cards. Cancelling the task that waits for a transfer ends the transfer.
public final class Courier: Sendable {
    /// Bounds of the whole courier.
    public struct Settings: Sendable {
        /// Transfers under way or waiting for a connection; beyond it they fail as busy. A guess, far above need.
        public var transfers = 4_096
        /// Connections open at once.
        public var connections = 256
        /// Connections open at once to one host and port: more would only compete with each other.
        public var connectionsPerHost = 8
        /// Idle connections kept for reuse.
        public var idleConnections = 64

        public init() {}
    }

    private let mailbox: CourierMailbox

    public init(settings: Settings = Settings()) throws(CourierError) {
        guard Self.isLibraryReady, let multi = curl_multi_init() else { throw .other("libcurl cannot be started") }
        curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, settings.idleConnections)
        curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, settings.connections)
        curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, settings.connectionsPerHost)
        let mailbox = CourierMailbox(multi, limit: settings.transfers)
        self.mailbox = mailbox
        let thread = Thread { CourierLoop(mailbox).run() }
        thread.name = "courier"
        thread.start()
    }

    deinit {
        stop()
    }

    /// Ends all transfers, and the thread. Later requests fail as stopped.
    public func stop() {
        mailbox.stop()
    }

    /// An answer whose body fits in memory.
    public func send(_ request: CourierRequest) async throws(CourierError) -> CourierAnswer {
        try await carry(request, .exchange).get()
    }

    /// Hands the body to `sink` as it comes, if `accepting` says so once the head is there; otherwise the body is
    /// collected as with `send`. The sink runs on the courier's thread, and while it works nothing else is carried;
    /// returning false ends the transfer as declined.
    public func download(
        _ request: CourierRequest,
        accepting: @escaping @Sendable (AnswerHead) -> Bool = { $0.status == 200 || $0.status == 206 },
        into sink: @escaping @Sendable (UnsafeRawBufferPointer) -> Bool
    ) async throws(CourierError) -> CourierAnswer {
        try await carry(request, .download(accepting: accepting, sink: sink)).get()
    }

    /// Sends what `source` holds as the body. `progress` hears, on the courier's thread, how much was read so far.
    public func upload(
        _ request: CourierRequest, from source: UploadSource,
        progress: @escaping @Sendable (ByteCount) -> Void = { _ in }
    ) async throws(CourierError) -> CourierAnswer {
        try await carry(request, .upload(source, progress: progress)).get()
    }

    private func carry(_ request: CourierRequest, _ kind: CourierOrder.Kind) async -> Result<
        CourierAnswer, CourierError
    > {
        let number = mailbox.nextNumber()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let order = CourierOrder(number: number, request: request, kind: kind) {
                    continuation.resume(returning: $0)
                }
                if let refusal = mailbox.post(order) { continuation.resume(returning: .failure(refusal)) }
                // Cancelled before there was anything to cancel.
                if Task.isCancelled { mailbox.cancel(number) }
            }
        } onCancel: {
            mailbox.cancel(number)
        }
    }

    /// libcurl wants to be initialised once in a process, before anything else.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK
}

/// What the courier is asked to do, and whom to tell how it went.
struct CourierOrder: Sendable {
    enum Kind: Sendable {
        case exchange
        case download(accepting: @Sendable (AnswerHead) -> Bool, sink: @Sendable (UnsafeRawBufferPointer) -> Bool)
        case upload(UploadSource, progress: @Sendable (ByteCount) -> Void)
    }

    let number: UInt64
    let request: CourierRequest
    let kind: Kind
    let completion: @Sendable (Result<CourierAnswer, CourierError>) -> Void
}
