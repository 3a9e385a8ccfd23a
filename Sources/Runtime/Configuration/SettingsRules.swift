import Catalogue
import Primitives
import Yams

/// What `node.yaml` says in several words: which files are taken and which are not, and for whom files can be posted.
struct SettingsRules {
    private(set) var policy = Policy()
    private(set) var lists: [String: [NodeID]] = [:]

    /// The settings that are rules.
    enum Kind: CaseIterable {
        case accept, deny, lists

        var key: Settings.Key {
            switch self {
            case .accept: .accept
            case .deny: .deny
            case .lists: .lists
            }
        }
    }

    /// Lists in one file; nobody keeps more by hand.
    static let listsLimit = 64

    /// Reads what stands behind the key of `kind`, on a line of the file at `path`.
    mutating func read(_ node: Yams.Node, of kind: Kind, line: Int, in path: String) throws(SettingsError) {
        let reader = Reader(key: kind.key, path: path)
        switch kind {
        case .accept:
            let words = ["publishers", "types", "largest", "publisherShare"]
            for (word, value) in try reader.entries(of: node, line, among: words) {
                switch word {
                case "publishers": policy.publishers = try reader.list(value) { NodeID($0) }
                case "types": policy.mediaTypes = try reader.list(value, SettingsText.mediaType)
                case "largest": policy.longestFile = try reader.one(value, SettingsText.amount)
                default:
                    policy.publisherPercent = try reader.one(
                        value, SettingsText.percentage, or: "is not a share of the disk; write 1 % to 100 %")
                }
            }
        case .deny:
            for (word, value) in try reader.entries(of: node, line, among: ["publishers", "types"]) {
                switch word {
                case "publishers": policy.denied = try reader.list(value) { NodeID($0) }
                default: policy.deniedMediaTypes = try reader.list(value, SettingsText.mediaType)
                }
            }
        case .lists:
            let entries = try reader.entries(of: node, line, among: nil)
            guard entries.count <= Self.listsLimit else {
                throw reader.error(line, "\(entries.count) lists are too many; write at most \(Self.listsLimit)")
            }
            for (name, value) in entries {
                let nodes = try reader.list(value) { NodeID($0) }
                guard (1...Audience.namedLimit).contains(nodes.count) else {
                    throw reader.error(
                        value.line, "“\(name)” has \(nodes.count) nodes; write 1 to \(Audience.namedLimit) of them")
                }
                lists[name] = nodes
            }
        }
    }

    /// Reads the values of one key, and complains with the line of what it cannot read.
    private struct Reader {
        let key: Settings.Key
        let path: String

        func error(_ line: Int, _ sentence: String) -> SettingsError {
            SettingsError("\(path):\(line): \(key.rawValue)", sentence)
        }

        /// The words behind the key with what stands behind each; any words where none are named.
        func entries(
            of node: Yams.Node, _ line: Int, among words: [String]?
        ) throws(SettingsError) -> [(word: String, value: Yams.Node)] {
            let example = "write for example “\(key.line(key.example))”"
            guard case .mapping(let mapping) = node, !mapping.isEmpty else {
                throw error(line, "a name for each value is missing; \(example)")
            }
            var entries: [(word: String, value: Yams.Node)] = []
            for (wordNode, value) in mapping {
                guard let word = wordNode.scalar?.string, words?.contains(word) ?? !word.isEmpty else {
                    let written = SettingsText.excerpt(wordNode.scalar?.string ?? "")
                    throw error(wordNode.line, "“\(written)” is not known here; \(example)")
                }
                entries.append((word, value))
            }
            return entries
        }

        func list<Value>(
            _ node: Yams.Node, _ read: (String) -> Value?
        ) throws(SettingsError) -> [Value] {
            let nodes = node.sequence.map(Array.init) ?? [node]
            guard nodes.count <= Settings.listLimit else {
                throw error(
                    node.line, "a list of \(nodes.count) is too long; write at most \(Settings.listLimit)")
            }
            var values: [Value] = []
            for node in nodes { values.append(try one(node, read)) }
            return values
        }

        /// - Parameter complaint: how the sentence goes on about what cannot be read, if not as for the whole key.
        func one<Value>(
            _ node: Yams.Node, _ read: (String) -> Value?, or complaint: String? = nil
        ) throws(SettingsError) -> Value {
            guard let text = node.scalar?.string else { throw error(node.line, "one value is wanted here") }
            guard let value = read(SettingsText.trimmed(text)) else {
                throw error(node.line, "“\(SettingsText.excerpt(text))” \(complaint ?? key.complaint)")
            }
            return value
        }
    }
}
