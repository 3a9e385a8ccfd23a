/// What a signature speaks of in a request: the line and the fields, before any body.
public struct RequestHead: Sendable, Hashable {
    public var method: String
    /// As on the request line: a path, and perhaps a question mark and a query.
    public var target: String
    public var fields: [HeaderField]

    public init(method: String, target: String, fields: [HeaderField]) {
        self.method = method
        self.target = target
        self.fields = fields
    }

    var path: String {
        let path = target.prefix { $0 != "?" }
        return path.isEmpty ? "/" : String(path)
    }

    /// With its question mark, which stands even where there is no query (RFC 9421, section 2.2.7).
    var query: String {
        let query = target.drop { $0 != "?" }
        return query.isEmpty ? "?" : String(query)
    }
}
