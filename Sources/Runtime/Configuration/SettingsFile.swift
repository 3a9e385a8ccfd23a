import Configuration
import Console
import Foundation
import Primitives
import Yams

/// A `node.yaml`, checked: only keys that there are, each with the shape that it takes, and the line of each for
/// complaints. Values stay text here, so that `NO` can be Norway and `1e3` a name.
struct SettingsFile {
    let path: String
    private var entries: [Settings.Key: Entry] = [:]
    private(set) var rules = SettingsRules()

    private struct Entry {
        var content: ConfigContent
        var line: Int
    }

    /// More than this is not settings.
    static let sizeLimit = 256 << 10
    static let name = "node.yaml"

    /// The file in a data directory; nothing when there is none.
    init?(directory: String) throws(SettingsError) {
        let path = directory + "/" + Self.name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let bytes: Data
        do {
            let handle = try FileHandle(forReadingFrom: URL(filePath: path))
            defer { try? handle.close() }
            bytes = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
        } catch {
            throw SettingsError(path, "the file cannot be read; check its owner and permissions")
        }
        guard bytes.count <= Self.sizeLimit else {
            throw SettingsError(
                path, "the file is larger than \(Self.sizeLimit >> 10) KiB; it should hold settings only")
        }
        guard let yaml = String(validating: bytes, as: UTF8.self) else {
            throw SettingsError(path, "the file is not text in UTF-8; save it as such")
        }
        try self.init(yaml: yaml, path: path)
    }

    init(yaml: String, path: String) throws(SettingsError) {
        self.path = path
        guard let root = try Self.compose(yaml, path: path) else { return }
        if root.null != nil { return }
        guard case .mapping(let mapping) = root else {
            throw SettingsError("\(path):\(root.line)", "settings are written one a line, such as “name: kitchen”")
        }
        for (keyNode, valueNode) in mapping {
            let place = "\(path):\(keyNode.line)"
            guard let word = keyNode.scalar?.string, let key = Settings.Key(rawValue: word) else {
                throw SettingsError(place, Self.unknown(keyNode.scalar?.string))
            }
            guard entries[key] == nil else {
                throw SettingsError(place, "“\(word)” stands here for the second time; keep one of them")
            }
            if let kind = key.rules {
                let line = keyNode.line
                guard valueNode.null == nil else {
                    throw SettingsError(
                        "\(place): \(word)", "a value is missing; write for example “\(key.line(key.example))”")
                }
                try rules.read(valueNode, of: kind, line: line, in: path)
                entries[key] = Entry(content: .string(word), line: line)
                continue
            }
            entries[key] = Entry(content: try Self.content(of: valueNode, key, place), line: keyNode.line)
        }
    }

    /// As a configuration provider takes them.
    var values: [AbsoluteConfigKey: ConfigValue] {
        Dictionary(
            uniqueKeysWithValues: entries.map { key, entry in
                (AbsoluteConfigKey([key.rawValue]), ConfigValue(entry.content, isSecret: false))
            })
    }

    /// `"/data/node.yaml:12: share"`.
    func name(of key: Settings.Key) -> String {
        entries[key].map { "\(path):\($0.line): \(key.rawValue)" } ?? "\(path): \(key.rawValue)"
    }

    private static func content(
        of node: Yams.Node, _ key: Settings.Key, _ place: String
    ) throws(SettingsError) -> ConfigContent {
        let place = "\(place): \(key.rawValue)"
        switch node {
        case .scalar(let scalar) where scalar.string.isEmpty || node.null != nil:
            throw SettingsError(place, "a value is missing; write for example “\(key.line(key.example))”")
        case .scalar(let scalar):
            return key.isList
                ? .stringArray(scalar.string.split(separator: ",").map(String.init)) : .string(scalar.string)
        case .sequence(let items) where key.isList:
            let texts = items.compactMap(\.scalar?.string)
            guard texts.count == items.count else {
                throw SettingsError(place, "every item of the list is one value; write “\(key.line(key.example))”")
            }
            return .stringArray(texts)
        case .sequence, .mapping, .alias:
            throw SettingsError(place, "one value is wanted here; write for example “\(key.line(key.example))”")
        }
    }

    private static func compose(_ yaml: String, path: String) throws(SettingsError) -> Yams.Node? {
        do {
            return try Yams.compose(yaml: yaml)
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw SettingsError("\(path):\(mark.line)", "this is not YAML (\(problem)); write “key: value”, one a line")
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            let word = duplicates.first ?? ""
            let line = lineOfSecond(word, in: yaml) ?? context.mark.line
            throw SettingsError(
                "\(path):\(line)", "“\(SettingsText.excerpt(word))” stands here for the second time; keep one of them")
        } catch {
            throw SettingsError(path, "this is not YAML; write “key: value”, one a line")
        }
    }

    /// Yams knows which key stands twice but points at the beginning of the mapping.
    private static func lineOfSecond(_ key: String, in yaml: String) -> Int? {
        yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { $0.element.hasPrefix(key + ":") }.dropFirst().first.map { $0.offset + 1 }
    }

    private static func unknown(_ word: String?) -> String {
        guard let word else { return "a key is one word; see the comments that “node init” writes" }
        let written = "there is no setting “\(SettingsText.excerpt(word))”"
        if let nearest = Nearest.word(to: word, of: Settings.Key.allCases.map(\.rawValue)) {
            return "\(written); did you mean “\(nearest)”?"
        }
        return "\(written); there are \(Settings.Key.allCases.map(\.rawValue).joined(separator: ", "))"
    }
}

extension Yams.Node {
    /// Where it begins; Yams marks every node that it parsed.
    var line: Int { mark?.line ?? 1 }
}
