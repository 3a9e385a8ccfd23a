extension HTTPRequestHead {
    /// Reads a head that is whole, its empty line included. After a refusal the connection has no next request: where
    /// this one ends is not certain.
    public mutating func parse(_ head: UnsafeRawBufferPointer) throws(Refusal) {
        clear()
        bytes.append(contentsOf: head)

        var position = 0
        let requestLine = try nextLine(&position)
        try parseRequestLine(requestLine)
        while true {
            let line = try nextLine(&position)
            guard !line.isEmpty else { break }
            guard fields.count < Self.fieldLimit else {
                throw Refusal(.headTooLarge, "The request head has more than \(Self.fieldLimit) fields.")
            }
            fields.append(try parseField(line))
        }
        guard position == bytes.count else { throw Refusal(.badRequest, "The request head ends too early.") }
        try checkHost()
        try readFraming()
    }

    /// Forgets the last request, and keeps its storage.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        method = .get
        version = .http11
        contentLength = 0
        keepsAlive = false
        expectsContinue = false
        methodName = 0..<0
        path = 0..<0
        query = nil
    }

    private func nextLine(_ position: inout Int) throws(Refusal) -> Range<Int> {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        guard position < bytes.count, position > start, bytes[position - 1] == UInt8(ascii: "\r") else {
            throw Refusal(.badRequest, "A line of the request head ends without a carriage return and line feed.")
        }
        position += 1
        return start..<position - 2
    }

    private mutating func parseRequestLine(_ line: Range<Int>) throws(Refusal) {
        guard let first = bytes[line].firstIndex(of: UInt8(ascii: " ")),
            let last = bytes[line].lastIndex(of: UInt8(ascii: " ")), first < last
        else { throw Refusal(.badRequest, "The request line is not a method, a target and a version.") }
        methodName = line.lowerBound..<first
        guard !methodName.isEmpty, bytes[methodName].allSatisfy({ Self.isToken[Int($0)] }) else {
            throw Refusal(.badRequest, "The request line does not start with a method.")
        }
        version = try version(last + 1..<line.upperBound)
        try splitTarget(first + 1..<last)
        method = try method(methodName)
    }

    private func version(_ range: Range<Int>) throws(Refusal) -> Version {
        let start = range.lowerBound
        guard range.count == 8, matches(start..<start + 5, "http/"), bytes[start] == UInt8(ascii: "H"),
            bytes[start + 6] == UInt8(ascii: "."), Self.isDigit(bytes[start + 5]), Self.isDigit(bytes[start + 7])
        else { throw Refusal(.badRequest, "The request line does not end with a version such as HTTP/1.1.") }
        guard bytes[start + 5] == UInt8(ascii: "1") else {
            throw Refusal(.versionNotSupported, "This server speaks HTTP/1.1.")
        }
        return bytes[start + 7] == UInt8(ascii: "0") ? .http10 : .http11
    }

    private func method(_ range: Range<Int>) throws(Refusal) -> Method {
        func isNamed(_ name: StaticString) -> Bool {
            range.count == name.utf8CodeUnitCount
                && bytes[range].elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: range.count))
        }
        if isNamed("GET") { return .get }
        if isNamed("HEAD") { return .head }
        if isNamed("POST") { return .post }
        if isNamed("OPTIONS") { return .options }
        if isNamed("PUT") || isNamed("DELETE") || isNamed("PATCH") || isNamed("TRACE") || isNamed("CONNECT") {
            return .unserved
        }
        throw Refusal(.notImplemented, "This server does not know the method of the request.")
    }

    /// Takes the path and the query from a target in origin form, or in absolute form, which every server has to accept
    /// (RFC 9112, section 3.2.2).
    private mutating func splitTarget(_ target: Range<Int>) throws(Refusal) {
        for byte in bytes[target] where byte <= 0x20 || byte == 0x7F || byte == UInt8(ascii: "#") {
            throw Refusal(.badRequest, "The target of the request has a character that no URL has.")
        }
        var start = target.lowerBound
        if bytes[start] != UInt8(ascii: "/") {
            guard let authority = authorityStart(target),
                let slash = bytes[authority..<target.upperBound].firstIndex(of: UInt8(ascii: "/"))
            else { throw Refusal(.badRequest, "The target of the request is not a path.") }
            start = slash
        }
        let question = bytes[start..<target.upperBound].firstIndex(of: UInt8(ascii: "?"))
        path = start..<(question ?? target.upperBound)
        query = question.map { $0 + 1..<target.upperBound }
    }

    private func authorityStart(_ target: Range<Int>) -> Int? {
        let schemes: [StaticString] = ["http://", "https://"]
        for scheme in schemes where target.count > scheme.utf8CodeUnitCount {
            let end = target.lowerBound + scheme.utf8CodeUnitCount
            if matches(target.lowerBound..<end, scheme) { return end }
        }
        return nil
    }

    private func parseField(_ line: Range<Int>) throws(Refusal) -> Field {
        var end = line.lowerBound
        while end < line.upperBound, Self.isToken[Int(bytes[end])] { end += 1 }
        guard end < line.upperBound, end > line.lowerBound, bytes[end] == UInt8(ascii: ":") else {
            // A line that starts with a blank continues the last one in an obsolete way (obs-fold); the same answer.
            throw Refusal(.badRequest, "A field of the request head is not a name, a colon and a value.")
        }
        var value = end + 1..<line.upperBound
        while let first = value.first, Self.isBlank(bytes[first]) { value = first + 1..<value.upperBound }
        while let last = value.last, Self.isBlank(bytes[last]) { value = value.lowerBound..<last }
        for byte in bytes[value] where byte < 0x20 && byte != 0x09 || byte == 0x7F {
            throw Refusal(.badRequest, "A field of the request head has a control character.")
        }
        return Field(name: line.lowerBound..<end, value: value)
    }

    private func checkHost() throws(Refusal) {
        var count = 0
        for value in values(of: "host") {
            count += 1
            guard bytes[value].allSatisfy({ Self.isHost[Int($0)] }) else {
                throw Refusal(.badRequest, "The Host field is not a host and a port.")
            }
        }
        guard count == 1 || count == 0 && version == .http10 else {
            throw Refusal(.badRequest, "The request needs exactly one Host field.")
        }
    }

    /// How the body is delimited, and whether another request may follow it.
    private mutating func readFraming() throws(Refusal) {
        var lengths = 0
        for value in values(of: "content-length") {
            lengths += 1
            guard lengths == 1, let length = decimal(value) else {
                throw Refusal(.badRequest, "The Content-Length of the request is not one number.")
            }
            contentLength = length
        }
        var codings = 0
        var isChunked = false
        for value in values(of: "transfer-encoding") {
            codings += 1
            isChunked = matches(value, "chunked")
        }
        if codings > 0 {
            guard version == .http11, lengths == 0 else {
                throw Refusal(.badRequest, "The length of the request's body is stated in two ways.")
            }
            throw codings == 1 && isChunked
                ? Refusal(.lengthRequired, "Bodies are only taken with a Content-Length.")
                : Refusal(.notImplemented, "This server does not know the transfer coding of the request.")
        }
        if method == .post {
            guard lengths == 1 else { throw Refusal(.lengthRequired, "Bodies are only taken with a Content-Length.") }
        } else if contentLength > 0 {
            throw Refusal(.badRequest, "Only a POST may have a body.")
        }
        keepsAlive = version == .http11 && !hasToken("close", in: "connection")
        for value in values(of: "expect") where version == .http11 {
            guard matches(value, "100-continue") else {
                throw Refusal(.expectationFailed, "The only expectation this server meets is 100-continue.")
            }
            expectsContinue = contentLength > 0
        }
    }

    private func hasToken(_ token: StaticString, in field: StaticString) -> Bool {
        for value in values(of: field) {
            for item in items(of: value) where matches(item, token) { return true }
        }
        return false
    }

    /// The comma-separated items of a value, without the blanks around them.
    func items(of value: Range<Int>) -> [Range<Int>] {
        bytes[value].split(separator: UInt8(ascii: ",")).compactMap { part in
            var item = part.startIndex..<part.endIndex
            while let first = item.first, Self.isBlank(bytes[first]) { item = first + 1..<item.upperBound }
            while let last = item.last, Self.isBlank(bytes[last]) { item = item.lowerBound..<last }
            return item.isEmpty ? nil : item
        }
    }

    /// A number of at most 18 digits and nothing else.
    private func decimal(_ range: Range<Int>) -> Int? {
        guard (1...18).contains(range.count) else { return nil }
        var number = 0
        for byte in bytes[range] {
            guard Self.isDigit(byte) else { return nil }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    /// Characters of methods and field names (RFC 9110, section 5.6.2).
    private static let isToken: [Bool] = table("!#$%&'*+-.^_`|~")
    /// Characters of a host and port (RFC 3986, section 3.2).
    private static let isHost: [Bool] = table("-._~%!$&'()*+;=:[]")

    private static func table(_ symbols: StaticString) -> [Bool] {
        (UInt8.min...UInt8.max).map { byte in
            isDigit(byte) || lowercase(byte) &- UInt8(ascii: "a") < 26
                || UnsafeBufferPointer(start: symbols.utf8Start, count: symbols.utf8CodeUnitCount).contains(byte)
        }
    }
}
