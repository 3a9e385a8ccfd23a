import Console
import Foundation
import Glibc
import Primitives
import Transport

/// The running node of a data directory, asked over its socket.
struct Daemon: Sendable {
    private let dataDirectory: String
    private let isDefault: Bool
    private let socket: String
    private let courier: Courier

    /// Views of 10,000 members fit well.
    static let answerLimit = ByteCount.mebibytes(64)
    static let timeLimit = Duration.seconds(60)
    /// Joining asks another node, which may be slow to be reached.
    static let joinTimeLimit = Duration.seconds(120)

    /// - Parameter isDefault: nobody named the directory, so that advice need not repeat it.
    init(dataDirectory: String, isDefault: Bool) throws {
        self.dataDirectory = dataDirectory
        self.isDefault = isDefault
        socket = try API.socketPath(dataDirectory: dataDirectory)
        courier = try Courier()
    }

    /// Whether somebody answers.
    func isRunning() async -> Bool {
        guard FileManager.default.fileExists(atPath: socket) else { return false }
        let status: StatusView? = try? await ask(API.Path.status)
        return status != nil
    }

    /// Reads a view.
    func ask<Value: Codable & Sendable>(_ path: String, _ parameters: [String: String] = [:]) async throws -> Value {
        try await value(of: send(request("GET", path, parameters)))
    }

    /// Tells it something, and reads what it says to that.
    func tell<Question: Encodable, Value: Codable & Sendable>(
        _ path: String, _ question: Question
    ) async throws -> Value {
        var request = request("POST", path)
        request.fields.append(HeaderField(name: "Content-Type", value: "application/json"))
        request.body = Array(try JSONEncoder().encode(question))
        request.timeLimit = Self.joinTimeLimit
        return try await value(of: send(request))
    }

    /// Streams a file to it.
    func post(
        _ source: PostSource, replicas: Int?, progress: @escaping @Sendable (ByteCount) -> Void
    ) async throws -> PostedView {
        var parameters = ["name": source.name, "type": source.mediaType]
        parameters["replicas"] = replicas.map { "\($0)" }
        var request = request("POST", API.Path.posts, parameters)
        request.timeLimit = nil
        let handle = try source.open()
        defer { try? handle.close() }
        let answer: CourierAnswer
        do {
            let upload = UploadSource(descriptor: handle.fileDescriptor, length: source.length)
            answer = try await courier.upload(request, from: upload, progress: progress)
        } catch {
            throw complaint(about: error)
        }
        return try value(of: answer)
    }

    // MARK: One exchange

    private func request(_ method: String, _ path: String, _ parameters: [String: String] = [:]) -> CourierRequest {
        let query = parameters.sorted { $0.key < $1.key }
            .map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        var request = CourierRequest(method, "http://node\(path)\(query.isEmpty ? "" : "?" + query)")
        request.unixSocket = socket
        request.answerLimit = Self.answerLimit
        request.timeLimit = Self.timeLimit
        return request
    }

    private func send(_ request: CourierRequest) async throws -> CourierAnswer {
        do {
            return try await courier.send(request)
        } catch {
            throw complaint(about: error)
        }
    }

    /// What an answer holds, if it is of this version and no refusal.
    private func value<Value: Codable & Sendable>(of answer: CourierAnswer) throws -> Value {
        let data = Data(answer.body)
        guard let head = try? JSONDecoder().decode(EmptyAnswer.self, from: data) else {
            throw Complaint("What answers on \(socket) is no Potluck node; stop it, and start the node again.")
        }
        guard head.api == API.version else {
            throw Complaint(
                "The running node is of another version than this command (its interface is \(head.api), this one's "
                    + "\(API.version)); restart the node with the version of this command.")
        }
        if let error = head.error { throw Complaint(error) }
        guard let value = try? JSONDecoder().decode(Answer<Value>.self, from: data).value else {
            throw Complaint("The node's answer cannot be read; restart it with the version of this command.")
        }
        return value
    }

    // MARK: When nobody answers

    private func complaint(about error: CourierError) -> Complaint {
        let files = FileManager.default
        let option = isDefault ? "" : " --data \(dataDirectory)"
        guard files.fileExists(atPath: dataDirectory + "/identity.key") || files.fileExists(atPath: socket) else {
            return Complaint(
                "There is no node in \(dataDirectory): make one with `node init\(option)`, or say where it is with --data."
            )
        }
        guard files.fileExists(atPath: socket) else {
            return Complaint("The node in \(dataDirectory) is not running: start it with `node run\(option)`.")
        }
        if access(socket, W_OK) != 0, errno == EACCES {
            return Complaint(
                "You may not talk to the node in \(dataDirectory): run this as its user or a member of its group.")
        }
        if !canConnect() {
            return Complaint("The node in \(dataDirectory) is not running: start it with `node run\(option)`.")
        }
        return Complaint("The node in \(dataDirectory) broke off (\(error)): its log says more; try again.")
    }

    /// Whether somebody listens on the socket: a node that was killed leaves the file behind.
    private func canConnect() -> Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socket.utf8).prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
