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

    /// Whether the node runs.
    ///
    /// - Throws: when one does and cannot be understood, or may not be asked.
    func answers() async throws -> Bool {
        guard Self.look(at: socket) == .there, canConnect() || errno == EACCES else { return false }
        let _: StatusView = try await ask(API.Path.status)
        return true
    }

    /// Reads a view.
    func ask<Value: Codable & Sendable>(_ path: String, _ parameters: [String: String] = [:]) async throws -> Value {
        try await value(of: send(request("GET", path, parameters)))
    }

    /// Tells it something, and reads what it says to that.
    func tell<Question: Encodable, Value: Codable & Sendable>(
        _ path: String, _ question: Question, timeLimit: Duration = Self.joinTimeLimit
    ) async throws -> Value {
        var request = request("POST", path)
        request.fields.append(HeaderField(name: "Content-Type", value: "application/json"))
        request.body = Array(try JSONEncoder().encode(question))
        request.timeLimit = timeLimit
        return try await value(of: send(request))
    }

    /// Streams a file to it.
    /// - Parameter wishes: further parameters of the post.
    func post(
        _ source: PostSource, _ wishes: [String: String], progress: @escaping @Sendable (ByteCount) -> Void
    ) async throws -> PostedView {
        let parameters = wishes.merging(["name": source.name, "type": source.mediaType]) { _, own in own }
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
            throw Complaint(
                "What answers at \(socket) is no Potluck node; stop it, and start the node again with `node run\(option)`."
            )
        }
        guard head.api == API.version else {
            let daemon = head.software.map { " \($0)" } ?? ", another version"
            throw Complaint(
                "The node in \(dataDirectory) is Potluck\(daemon) (interface \(head.api)), and this command is Potluck "
                    + "\(Software.version) (interface \(API.version)); use the command of the node's version, or restart "
                    + "the node with this one.")
        }
        if let error = head.error { throw Complaint(error) }
        guard let value = try? JSONDecoder().decode(Answer<Value>.self, from: data).value else {
            throw Complaint(
                "The answer of the node in \(dataDirectory) cannot be read; restart it with this version of Potluck, "
                    + "\(Software.version).")
        }
        return value
    }

    // MARK: When nobody answers

    /// How a command is told where the node is, if it has to be.
    private var option: String { isDefault ? "" : " --data \(dataDirectory)" }

    private func complaint(about error: CourierError) -> Complaint {
        switch Self.look(at: socket) {
        case .there: break
        case .forbidden: return Complaint("You may not look into \(dataDirectory); run this as its owner.")
        case .absent:
            switch Self.look(at: dataDirectory + "/identity.key") {
            case .there: return notRunning
            case .forbidden: return Complaint("You may not look into \(dataDirectory); run this as its owner.")
            case .absent where isFile(dataDirectory):
                return Complaint(
                    "\(dataDirectory) is a file, and a node has a directory; say with --data which one.")
            case .absent:
                return Complaint(
                    "There is no node in \(dataDirectory); make one with `node init\(option)`, or say with --data where "
                        + "it is.")
            }
        }
        if access(socket, W_OK) != 0, errno == EACCES {
            return Complaint(
                "You may not talk to the node in \(dataDirectory); run this as its user or a member of its group.")
        }
        guard canConnect() else { return notRunning }
        return Complaint("The node in \(dataDirectory) broke off (\(error)); its log says more, then try again.")
    }

    private var notRunning: Complaint {
        Complaint("The node in \(dataDirectory) is not running; start it with `node run\(option)`.")
    }

    private func isFile(_ path: String) -> Bool {
        var isDirectory = ObjCBool(false)
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
    }

    private enum Sight {
        case there, absent, forbidden
    }

    private static func look(at path: String) -> Sight {
        if access(path, F_OK) == 0 { return .there }
        return errno == EACCES ? .forbidden : .absent
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
