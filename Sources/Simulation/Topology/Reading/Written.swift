internal import Primitives
internal import Yams

/// Something that stands in a topology file, and where: read strictly, with complaints that name the line.
struct Written {
    let node: Yams.Node
    let file: String
    /// The keys that lead to it, for complaints: `"links.loss"`.
    let key: String

    /// Entries of one list or mapping at most.
    private static let limit = 100_000

    var line: Int { node.mark?.line ?? 1 }

    func complaint(_ sentence: String) -> TopologyError {
        TopologyError(file, line, key.isEmpty ? sentence : "\(key): \(sentence)")
    }

    // MARK: One value

    /// The text of one value, without spaces around it.
    func text() throws(TopologyError) -> String {
        guard case .scalar(let scalar) = node else {
            throw complaint("one value is wanted here; write for example “\(leaf): …” on a line of its own")
        }
        let text = TopologyText.trimmed(scalar.string)
        let isNull = scalar.style == .plain && ["", "~", "null"].contains(text.lowercased())
        guard !isNull else { throw complaint("a value is missing; write one behind the colon, or leave the key away") }
        return text
    }

    func read<Value>(_ unit: TopologyText.Unit<Value>) throws(TopologyError) -> Value {
        let text = try text()
        guard let value = unit.read(text) else { throw complaint("“\(text.excerpt)” \(unit.wanted)") }
        return value
    }

    /// Text for people, on one line.
    func words(limit: Int) throws(TopologyError) -> String {
        let text = try text()
        guard text.isPrintable, text.utf8.count <= limit else {
            throw complaint("“\(text.excerpt)” cannot stand here; write at most \(limit) bytes of text on one line")
        }
        return text
    }

    // MARK: Several

    var isList: Bool { node.sequence != nil }
    var isMapping: Bool { node.mapping != nil }

    /// The items of a list; an item that stands alone is a list of one where `orOne` allows it.
    func items(orOne: Bool = false) throws(TopologyError) -> [Written] {
        guard case .sequence(let sequence) = node else {
            guard orOne else {
                throw complaint("a list is wanted here; write one item a line, each after “- ”")
            }
            return [self]
        }
        guard sequence.count <= Self.limit else {
            throw complaint("\(sequence.count) items are too many; write at most \(Self.limit)")
        }
        return sequence.map { Written(node: $0, file: file, key: key) }
    }

    /// Keys and values of a mapping whose keys are names.
    func pairs() throws(TopologyError) -> [(name: Written, value: Written)] {
        guard case .mapping(let mapping) = node else {
            throw complaint("“key: value” is wanted here, one a line; topology/README.md tells the keys")
        }
        guard mapping.count <= Self.limit else {
            throw complaint("\(mapping.count) entries are too many; write at most \(Self.limit)")
        }
        var pairs: [(name: Written, value: Written)] = []
        for (name, value) in mapping {
            let name = Written(node: name, file: file, key: key)
            let word = try name.words(limit: 200)
            pairs.append((name, Written(node: value, file: file, key: key.isEmpty ? word : "\(key).\(word)")))
        }
        return pairs
    }

    /// The values of a mapping by their keys, all of them among these.
    func entries(among keys: [String]) throws(TopologyError) -> Entries {
        var values: [String: Written] = [:]
        for (name, value) in try pairs() {
            let word = try name.text()
            guard keys.contains(word) else { throw name.complaint(Self.unknown(word, keys)) }
            guard values[word] == nil else {
                throw name.complaint("“\(word)” stands here for the second time; keep one of them")
            }
            values[word] = Written(node: value.node, file: file, key: value.key)
        }
        return Entries(whole: self, values: values)
    }

    private var leaf: Substring { key.split(separator: ".").last ?? "key" }

    private static func unknown(_ word: String, _ keys: [String]) -> String {
        let written = "there is no key “\(word.excerpt)” here"
        if let nearest = Nearest.word(to: word, of: keys) { return "\(written); did you mean “\(nearest)”?" }
        return "\(written); write \(TopologyText.alternatives(keys))"
    }
}

/// A mapping whose keys are known.
struct Entries {
    let whole: Written
    fileprivate let values: [String: Written]

    fileprivate init(whole: Written, values: [String: Written]) {
        self.whole = whole
        self.values = values
    }

    subscript(_ key: String) -> Written? { values[key] }

    func required(_ key: String, example: String) throws(TopologyError) -> Written {
        guard let value = values[key] else {
            throw whole.complaint("“\(key)” is missing; write for example “\(key): \(example)”")
        }
        return value
    }

    func read<Value>(_ key: String, _ unit: TopologyText.Unit<Value>) throws(TopologyError) -> Value? {
        guard let value = values[key] else { return nil }
        return try value.read(unit)
    }
}

extension Written {
    /// Files are not larger than this.
    static let sizeLimit = 4 << 20

    /// The root of a document.
    init(yaml: String, file: String) throws(TopologyError) {
        guard yaml.utf8.count <= Self.sizeLimit else {
            throw TopologyError(file, nil, "the file is larger than \(Self.sizeLimit >> 20) MiB; write groups of nodes")
        }
        let root: Yams.Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw TopologyError(
                file, mark.line, "this is not YAML (\(problem)); write “key: value”, one a line, and indent with spaces"
            )
        } catch YamlError.reader(let problem, let offset, _, _) {
            let line = offset.map { yaml.prefix($0).count(where: \.isNewline) + 1 }
            throw TopologyError(file, line, "this is not YAML (\(problem)); write text in UTF-8, and nothing else")
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            let word = duplicates.first ?? ""
            throw TopologyError(
                file, Self.lineOfSecond(word, in: yaml, from: context.mark),
                "“\(word.excerpt)” stands here for the second time; keep one of them")
        } catch {
            throw TopologyError(file, nil, "this is not YAML; write “key: value”, one a line")
        }
        guard let root, root.mapping != nil else {
            throw TopologyError(
                file, root?.mark?.line ?? 1, "a world is written one key a line, beginning with “nodes:”")
        }
        self.init(node: root, file: file, key: "")
    }

    /// Yams knows which key stands twice but points at the first of them. The second stands below it; keys of the same name
    /// that are farther to the right are others'.
    private static func lineOfSecond(_ key: String, in yaml: String, from first: Mark) -> Int {
        let lines = yaml.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let found = lines.enumerated().dropFirst(first.line - 1).filter { line in
            let indentation = line.element.prefix { $0 == " " || $0 == "-" }
            return indentation.count == first.column - 1 && line.element[indentation.endIndex...].hasPrefix(key + ":")
        }
        return found.dropFirst().first.map { $0.offset + 1 } ?? first.line
    }
}
