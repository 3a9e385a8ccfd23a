extension Settings {
    /// The `node.yaml` that a new data directory gets: every key explained, what the command line said as its value,
    /// the rest commented out.
    ///
    /// - Throws: what reading the same overrides would throw.
    public static func file(overrides: [String: String]) throws(SettingsError) -> String {
        let layers = SettingsLayers(overrides: overrides, environment: [:], file: nil)
        _ = try Settings(layers, data: "/")
        let head = """
            # The settings of this Potluck node. A flag of “node run” (such as --name) or an environment
            # variable (such as NODE_NAME) takes precedence over what stands here. To change a setting,
            # remove the “#” in front of it and start the node again.
            """
        let sections = Key.allCases.map { key in
            let names = key.isInFileOnly ? [] : ["(\(key.flag), \(key.environmentVariable))"]
            let comment = (wrapped(key.explanation, width: 100) + names).map { "# \($0)" }.joined(separator: "\n")
            let line = overrides[key.rawValue].map { key.line($0) } ?? "#" + key.line(key.example)
            return comment + "\n" + line
        }
        return ([head] + sections).joined(separator: "\n\n") + "\n"
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        text.split(separator: " ").reduce(into: [""]) { lines, word in
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
    }
}

extension Settings.Key {
    /// `"name: kitchen"`, in YAML that reads back as the same text; a list in brackets.
    func line(_ value: String) -> String {
        guard !isInFileOnly else { return "\(rawValue): \(value)" }
        guard isList else { return "\(rawValue): \(Self.scalar(value))" }
        let items = value.split(separator: ",").map { Self.quoted(SettingsText.trimmed(String($0))) }
        return "\(rawValue): [\(items.joined(separator: ", "))]"
    }

    /// Plain where nothing in it could mean anything to YAML.
    private static func scalar(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || ".,/_:".utf8.contains(byte)
        }
        let isSafe = text.first?.isLetter == true || text.first?.isNumber == true
        return isPlain && isSafe && !text.hasSuffix(":") && text.lowercased() != "null" ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\u{0}"..<" ", "\u{7F}"..<"\u{A0}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\x" + (digits.count == 1 ? "0" : "") + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
