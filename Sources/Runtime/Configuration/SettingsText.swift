import Catalogue
import Console
import Foundation
import Primitives

/// What people write, read into the types of their units. Nothing where it cannot be read.
enum SettingsText {
    static func name(_ text: String) -> String? {
        // As cards are read: a name that others refuse would keep the node out of the network.
        let isVisible = !text.unicodeScalars.contains(where: \.properties.isDefaultIgnorableCodePoint)
        return (1...Settings.nameLimit).contains(text.utf8.count) && text.isPrintable && isVisible ? text : nil
    }

    /// This machine's name, shortened to what a card has room for.
    static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "node" }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name(String(text.prefix(Settings.nameLimit))) ?? "node"
    }

    static func listen(_ text: String) -> Endpoint? {
        guard let endpoint = Endpoint(text), endpoint.port > 0 else { return nil }
        return endpoint
    }

    static func flag(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "yes": true
        case "false", "no": false
        default: nil
        }
    }

    /// The outer optional: could it be read; the inner one: a place, or `auto`.
    static func location(_ text: String) -> Place?? {
        if text.lowercased() == "auto" { return .some(nil) }
        return (Country.place(of: text.uppercased()) ?? Place(text)).map { .some($0) }
    }

    static func quota(_ text: String) -> Settings.Quota? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let limit = ByteCount(parts[0]), limit >= Settings.quotaMinimum,
            let period = PeriodKind(rawValue: trimmed(String(parts[1])).lowercased())
        else { return nil }
        return Settings.Quota(limit: limit, period: period)
    }

    /// More than nothing.
    static func amount(_ text: String) -> ByteCount? {
        ByteCount(text).flatMap { $0 > .zero ? $0 : nil }
    }

    /// A whole number of hundredths of something, from one to all of them: `"10 %"`, `"10%"`.
    static func percentage(_ text: String) -> Int64? {
        guard text.hasSuffix("%"), let count = Int64(trimmed(String(text.dropLast()))),
            Policy.publisherPercents.contains(count)
        else { return nil }
        return count
    }

    /// The outer optional: could it be read; the inner one: a fixed interval, or `auto`.
    static func pulse(_ text: String) -> Duration?? {
        if text.lowercased() == "auto" { return .some(nil) }
        guard let duration = Duration(text), Settings.pulseBounds.contains(duration) else { return nil }
        return duration
    }

    /// A media type, or how several begin: `"video/"`, `"application/pdf"`. In lower case.
    static func mediaType(_ text: String) -> String? {
        let text = text.lowercased()
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isToken = { (part: Substring) in
            part.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (48...57).contains(byte) || "!#$&^_.+-".utf8.contains(byte)
            }
        }
        return parts.count == 2 && !parts[0].isEmpty && parts.allSatisfy(isToken) ? text : nil
    }

    /// A path without `~`, `.` or `..` at its start left to chance.
    static func absolute(_ path: String, in directory: String, home: String?) -> String {
        if let home, path == "~" || path.hasPrefix("~/") { return home + path.dropFirst() }
        let whole = path.hasPrefix("/") ? path : directory + "/" + path
        return URL(filePath: whole).standardizedFileURL.path(percentEncoded: false).droppingTrailingSlash
    }

    static func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespaces)
    }

    /// So much of what somebody wrote as a sentence has room for, on one line.
    static func excerpt(_ text: String) -> String { text.excerpt }
}

/// The address of a node as a browser has it: `http` or `https`, a host and perhaps a port; no path.
struct NodeURL: CustomStringConvertible {
    let description: String
    let authority: HostAndPort

    init?(_ text: String) {
        let text = text.droppingTrailingSlash
        let schemes: [(prefix: String, port: UInt16)] = [("http://", 80), ("https://", 443)]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0.prefix) }),
            let authority = HostAndPort(text.dropFirst(scheme.prefix.count), defaultPort: scheme.port)
        else { return nil }
        self.authority = authority
        let written = authority.description
        description =
            scheme.prefix
            + (authority.port == scheme.port ? String(written.dropLast("\(authority.port)".count + 1)) : written)
        guard description.utf8.count <= Settings.urlLimit else { return nil }
    }

    /// Nothing when the node listens on every address: then others have to say how they see it.
    init?(listeningOn endpoint: Endpoint) {
        guard endpoint.address != .v4(0), endpoint.address != .v6(high: 0, low: 0) else { return nil }
        authority = HostAndPort(endpoint)
        description = "http://\(endpoint)"
    }
}

extension String {
    fileprivate var droppingTrailingSlash: String {
        count > 1 && hasSuffix("/") ? String(dropLast()) : self
    }
}
