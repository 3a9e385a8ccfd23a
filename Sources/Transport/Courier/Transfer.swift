internal import CCurl
internal import Glibc
internal import Primitives

/// One request under way: its handle in libcurl, and what has come of the answer so far. Lives on the courier's thread.
final class Transfer {
    /// Heads longer than this are not those of a node.
    private static let headLimit = 64 << 10
    /// What an answer costs is looked at after so many bytes, or pieces, of it: a fast one comes in pieces of 16 KiB,
    /// and one in tiny packets costs more than it brings.
    private static let bytesUnlooked = 64 << 10
    private static let piecesUnlooked = 4

    let handle: UnsafeMutableRawPointer
    private let order: CourierOrder
    private let connections: CourierConnections
    /// The one that the request goes out on, where somebody pays for it.
    private var connection: Int32?
    private var unlooked = (bytes: 0, pieces: 0)
    private var fieldList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>

    private var head = AnswerHead(status: 0, fields: [])
    private var headLength = 0
    private var body: [UInt8] = []
    private var destination = Destination.undecided
    /// How much of an upload's source was read.
    private var readSoFar = ByteCount.zero
    /// The descriptor that an upload waits for.
    private(set) var pausedSource: Int32?
    /// Why one of the callbacks ended the transfer: libcurl only knows that it did.
    private var verdict: CourierError?

    private enum Destination {
        case undecided
        case memory
        case sink(@Sendable (UnsafeRawBufferPointer) -> Bool)
    }

    var number: UInt64 { order.number }

    /// - Parameter connections: outlives libcurl's connections.
    init(_ order: CourierOrder, on connections: CourierConnections) throws(CourierError) {
        guard let handle = curl_easy_init() else { throw .other("libcurl has no memory") }
        self.handle = handle
        self.order = order
        self.connections = connections
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try prepare(order.request)
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(fieldList)
        errorText.deallocate()
    }

    /// The transfer that a handle belongs to.
    static func of(_ handle: UnsafeMutableRawPointer) -> Transfer? {
        var pointer: UnsafeMutableRawPointer?
        guard curl_get_pointer(handle, CURLINFO_PRIVATE, &pointer) == CURLE_OK else { return nil }
        return pointer.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    func complete(_ outcome: Result<CourierAnswer, CourierError>) {
        order.completion(outcome)
    }

    /// What libcurl's result and the callbacks' verdict amount to.
    func outcome(of code: CURLcode) -> Result<CourierAnswer, CourierError> {
        if let verdict { return .failure(verdict) }
        // A server that refuses an upload answers and closes: the answer counts, not the broken pipe.
        let refusedUpload = code == CURLE_SEND_ERROR && head.status >= 400
        guard code == CURLE_OK || refusedUpload else {
            return .failure(CourierError(code, detail: String(cString: errorText)))
        }
        guard head.status >= 200 else { return .failure(.notHTTP) }
        var url: UnsafePointer<CChar>?
        curl_get_string(handle, CURLINFO_EFFECTIVE_URL, &url)
        return .success(
            CourierAnswer(head: head, body: body, url: url.map { String(cString: $0) } ?? order.request.url))
    }

    /// The source that the upload waited for may have something, or may have ended.
    func resume() {
        pausedSource = nil
        curl_easy_pause(handle, CURLPAUSE_CONT)
    }

    // MARK: What is asked

    private func prepare(_ request: CourierRequest) throws(CourierError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        set(CURLOPT_PRIVATE, context)
        set(CURLOPT_ERRORBUFFER, errorText)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_URL, request.url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // Signed paths must arrive as they were signed.
        set(CURLOPT_PATH_AS_IS, 1)
        // The empty text also turns off what the environment says.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, 128 << 10)
        if let path = request.unixSocket { set(CURLOPT_UNIX_SOCKET_PATH, path) }
        set(CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, request.redirects)
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.connectLimit.wholeMilliseconds)))
        if let limit = request.timeLimit { set(CURLOPT_TIMEOUT_MS, max(1, Int(limit.wholeMilliseconds))) }
        if let slowest = request.slowest {
            set(CURLOPT_LOW_SPEED_LIMIT, Int(slowest.bytesPerSecond.bytes))
            set(CURLOPT_LOW_SPEED_TIME, max(1, Int(slowest.over.components.seconds)))
        }
        set(CURLOPT_HEADERDATA, context)
        setCallback(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            Transfer.from(context).received(headLine: UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        set(CURLOPT_WRITEDATA, context)
        setCallback(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            Transfer.from(context).received(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        if request.refusesPrivate || request.toll != nil { prepareConnection(context) }
        try prepareBody(request, context)
        try prepareFields(request)
    }

    /// Connections are made and ended here, so that none leads where it must not, and each one's cost is counted.
    private func prepareConnection(_ context: UnsafeMutableRawPointer) {
        set(CURLOPT_OPENSOCKETDATA, context)
        curl_set_open_socket_callback(handle) { context, purpose, address in
            guard purpose == CURLSOCKTYPE_IPCXN, let address else { return -1 }
            return Transfer.from(context).open(address)
        }
        // Told when the transfer may be long gone.
        set(CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(connections).toOpaque())
        curl_set_close_socket_callback(handle) { connections, descriptor in
            guard let connections else { preconditionFailure("the callback was given its connections") }
            Unmanaged<CourierConnections>.fromOpaque(connections).takeUnretainedValue().closing(descriptor)
            return Glibc.close(descriptor)
        }
        set(CURLOPT_PREREQDATA, context)
        curl_set_prerequest_callback(handle) { context, address, _, port, localPort in
            let transfer = Transfer.from(context)
            let (port, localPort) = (UInt16(truncatingIfNeeded: port), UInt16(truncatingIfNeeded: localPort))
            guard let address, let target = IPAddress(String(cString: address)),
                transfer.begin(at: target, port, from: localPort)
            else {
                _ = transfer.abort(.unreachable)
                return CURL_PREREQFUNC_ABORT
            }
            return CURL_PREREQFUNC_OK
        }
    }

    private func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Int32 {
        if order.request.refusesPrivate {
            guard let target = IPAddress(address), !target.isPrivate else { return -1 }
        }
        let descriptor = socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        if descriptor >= 0, let toll = order.request.toll {
            connections.opened(descriptor, isIPv6: address.pointee.family == AF_INET6, by: toll)
        }
        return descriptor
    }

    /// The request is about to go out on a connection, maybe one that others have left open: false where it must not.
    private func begin(at address: IPAddress, _ port: UInt16, from localPort: UInt16) -> Bool {
        guard !order.request.refusesPrivate || !address.isPrivate else { return false }
        if let toll = order.request.toll {
            connection = connections.take(from: localPort, to: Endpoint(address: address, port: port), for: toll)
        }
        return true
    }

    /// Counts what the exchange has cost in the end.
    func leaveConnection() {
        if let connection, let toll = order.request.toll { connections.release(connection, of: toll) }
    }

    private func prepareBody(_ request: CourierRequest, _ context: UnsafeMutableRawPointer) throws(CourierError) {
        guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (65...90).contains($0) }) else {
            throw .badRequest("the method is not a word in capitals")
        }
        switch order.kind {
        case .upload(let source, _):
            set(CURLOPT_UPLOAD, 1)
            curl_set_offset(handle, CURLOPT_INFILESIZE_LARGE, source.length.map { curl_off_t($0.bytes) } ?? -1)
            // A source can be read once: no connection that may turn out to be closed already.
            set(CURLOPT_FRESH_CONNECT, 1)
            curl_set_long(handle, CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
            set(CURLOPT_READDATA, context)
            setCallback(CURLOPT_READFUNCTION) { bytes, size, count, context in
                Transfer.from(context).fill(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            }
        case .exchange, .download:
            if let body = request.body {
                curl_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
                body.withUnsafeBytes { bytes in
                    // libcurl makes its own copy, for as long as it needs it.
                    _ = curl_set_pointer(
                        handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
                }
                if body.isEmpty { set(CURLOPT_COPYPOSTFIELDS, "") }
            } else if request.method == "HEAD" {
                set(CURLOPT_NOBODY, 1)
            }
        }
        set(CURLOPT_CUSTOMREQUEST, request.method)
    }

    private func prepareFields(_ request: CourierRequest) throws(CourierError) {
        var fields = request.fields
        if let range = request.range {
            guard !range.isEmpty else { throw .badRequest("an empty range") }
            fields.append(HeaderField(name: "Range", value: "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        }
        // What libcurl would add by itself, and nodes do not want: a wait before the body, a guess at its type.
        var lines = ["Expect:"]
        if fields.values(of: "content-type").isEmpty { lines.append("Content-Type:") }
        if fields.values(of: "accept").isEmpty { lines.append("Accept:") }
        for field in fields {
            let isSafe = (field.name + field.value).unicodeScalars.allSatisfy { $0 != "\r" && $0 != "\n" && $0 != "\0" }
            guard isSafe, !field.name.isEmpty else { throw .badRequest("a field with a line break") }
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        for line in lines { fieldList = curl_slist_append(fieldList, line) }
        curl_set_list(handle, CURLOPT_HTTPHEADER, fieldList)
    }

    private func set(_ option: CURLoption, _ value: Int) { curl_set_long(handle, option, value) }
    private func set(_ option: CURLoption, _ value: String) { curl_set_string(handle, option, value) }
    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) { curl_set_pointer(handle, option, value) }
    private func setCallback(_ option: CURLoption, _ value: curl_read_callback?) {
        curl_set_transfer_callback(handle, option, value)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        guard let context else { preconditionFailure("every callback was given its transfer") }
        return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: What comes back

    /// Ends the transfer from within a callback: any count but the one given does.
    private func abort(_ verdict: CourierError) -> Int {
        self.verdict = verdict
        return -1
    }

    private func received(headLine bytes: UnsafeRawBufferPointer) -> Int {
        headLength += bytes.count
        guard headLength <= Self.headLimit else { return abort(.answerTooLarge(limit: ByteCount(Self.headLimit))) }
        let line = String(decoding: bytes, as: UTF8.self).trimmingLineBreak()
        if line.hasPrefix("HTTP/") {
            // A new answer begins: the one before was provisional, or a redirect.
            let parts = line.split(separator: " ", maxSplits: 2)
            head = AnswerHead(status: parts.count > 1 ? Int(parts[1]) ?? 0 : 0, fields: [])
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0.isBlank }
            let trimmed = (value.lastIndex { !$0.isBlank }).map { value[...$0] } ?? ""
            head.fields.append(HeaderField(name: String(line[..<colon]), value: String(trimmed)))
        }
        return bytes.count
    }

    private func received(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard isPaid(after: bytes.count) else { return abort(.unaffordable) }
        if case .undecided = destination {
            if case .download(let accepting, let sink) = order.kind, accepting(head) {
                destination = .sink(sink)
            } else {
                destination = .memory
            }
        }
        switch destination {
        case .sink(let sink):
            return sink(bytes) ? bytes.count : abort(.declined)
        case .memory, .undecided:
            let limit = order.request.answerLimit
            guard body.count + bytes.count <= limit.bytes else { return abort(.answerTooLarge(limit: limit)) }
            body += bytes
            return bytes.count
        }
    }

    private func isPaid(after count: Int) -> Bool {
        guard let connection else { return true }
        unlooked.bytes += count
        unlooked.pieces += 1
        guard unlooked.bytes >= Self.bytesUnlooked || unlooked.pieces >= Self.piecesUnlooked else { return true }
        unlooked = (0, 0)
        return connections.look(connection)
    }

    // MARK: What is sent from a source

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard case .upload(let source, let progress) = order.kind else { return 0 }
        let wanted = source.length.map { Int(min(Int64(buffer.count), $0.bytes - readSoFar.bytes)) } ?? buffer.count
        guard wanted > 0 else { return 0 }
        var poller = pollfd(fd: source.descriptor, events: Int16(POLLIN), revents: 0)
        // A pipe with nothing in it must not hold up everybody else's transfers.
        guard poll(&poller, 1, 0) != 0 else {
            pausedSource = source.descriptor
            return Int(CURL_READFUNC_PAUSE)
        }
        let count = read(source.descriptor, buffer.baseAddress, wanted)
        guard count >= 0 else {
            verdict = .unreadable(errno: errno)
            return Int(CURL_READFUNC_ABORT)
        }
        guard count > 0 || source.length == nil else {
            verdict = .sourceTooShort
            return Int(CURL_READFUNC_ABORT)
        }
        readSoFar += ByteCount(count)
        progress(readSoFar)
        return count
    }
}

extension IPAddress {
    fileprivate init?(_ address: UnsafeMutablePointer<curl_sockaddr>) {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = curl_address_bytes(address, &bytes)
        self.init(networkOrder: bytes.prefix(Int(count)))
    }
}

extension Character {
    /// What may stand around a field's value (RFC 9110, section 5.5).
    fileprivate var isBlank: Bool { self == " " || self == "\t" }
}

extension String {
    fileprivate func trimmingLineBreak() -> Substring {
        // Swift takes "\r\n" for one character.
        var text = self[...]
        while let last = text.last, last.isNewline { text.removeLast() }
        return text
    }
}
