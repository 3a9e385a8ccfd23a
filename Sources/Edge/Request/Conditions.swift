import Primitives

/// The one entity tag of a file, on every node: its FileID in quotes.
struct EntityTag: Sendable {
    let file: FileID

    /// The tag is among these (`"a", W/"b"`, or `*`). `weakly`: a weak tag counts as its strong one.
    func isAmong(_ list: some Sequence<ArraySlice<UInt8>>, weakly: Bool) -> Bool {
        for item in list {
            if item.elementsEqual("*".utf8) { return true }
            let opaque = weakly && item.starts(with: "W/".utf8) ? item.dropFirst(2) : item
            if matches(opaque) { return true }
        }
        return false
    }

    func matches(_ tag: ArraySlice<UInt8>) -> Bool {
        guard tag.count == 54, tag.first == UInt8(ascii: "\""), tag.last == UInt8(ascii: "\"") else { return false }
        // Entity tags are compared byte by byte; FileIDs in upper case are not what this server wrote.
        let text = tag.dropFirst().dropLast()
        return text.allSatisfy { HTTPRequestHead.lowercase($0) == $0 } && FileID(base32: text) == file
    }
}

extension HTTPRequestHead {
    /// What the conditions of the request come to for a file (RFC 9110, section 13.2.2).
    enum Precondition: Hashable {
        case met, failed, notModified
    }

    func precondition(for file: FileID) -> Precondition {
        let tag = EntityTag(file: file)
        if let tags = tags(in: "if-match"), !tag.isAmong(tags, weakly: false) { return .failed }
        if let tags = tags(in: "if-none-match"), tag.isAmong(tags, weakly: true) { return .notModified }
        return .met
    }

    /// The part of the file that is asked for, once the conditions are met. Only GET knows ranges.
    func rangeRequest(for file: FileID, length: Int64) -> RangeRequest {
        guard method == .get, let range = only("range") else { return .whole }
        // A date in If-Range never matches: files here have no dates, only what they are.
        for condition in values(of: "if-range") where !EntityTag(file: file).matches(bytes[condition]) {
            return .whole
        }
        return RangeRequest(bytes[range], length: length)
    }

    private func tags(in field: StaticString) -> [ArraySlice<UInt8>]? {
        var tags: [ArraySlice<UInt8>]?
        for value in values(of: field) {
            tags = (tags ?? []) + items(of: value).map { bytes[$0] }
        }
        return tags
    }
}
