import Foundation
import Hummingbird
import HummingbirdCore
public import Logging
public import ServiceLifecycle

/// The operator's door: the JSON API on `<data>/node.sock`.
///
/// A socket file that is there already is replaced, so the lock of the data directory must be held before this runs.
/// Whoever may write to the socket may operate the node: the daemon's user and group.
public struct ConsoleServer: Service {
    private let node: any Operator
    private let path: String
    private let logger: Logger
    private let onReady: @Sendable () -> Void

    /// Commands that may talk to the daemon at once; further ones wait in the socket's queue.
    static let connectionLimit = 64

    /// - Parameter onReady: called once the socket answers.
    /// - Throws: `OperatorError` when the directory's path is too long for a socket.
    public init(
        operator node: any Operator, dataDirectory: String, logger: Logger, onReady: @escaping @Sendable () -> Void
    ) throws(OperatorError) {
        self.node = node
        path = try API.socketPath(dataDirectory: dataDirectory)
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until the service group shuts down or the task is cancelled, then removes the socket.
    public func run() async throws {
        let (path, onReady) = (path, onReady)
        var logger = logger
        // What the framework says of itself, as "listening on" or of connections cut at the end, is no news to an
        // operator.
        logger.logLevel = max(logger.logLevel, .critical)
        let application = Application(
            router: ConsoleRoutes(node: node, logger: self.logger).router(),
            configuration: ApplicationConfiguration(
                address: .unixDomainSocket(path: path),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit)),
            onServerRunning: { _ in
                // Until here the process's umask keeps others out: connecting takes the right to write.
                try? FileManager.default.setAttributes([.posixPermissions: 0o660], ofItemAtPath: path)
                onReady()
            },
            logger: logger)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await application.run()
    }
}
