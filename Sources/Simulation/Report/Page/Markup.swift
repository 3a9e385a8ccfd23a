/// HTML and SVG as text. Whatever comes from outside goes through `escaped`.
struct Markup {
    private(set) var text = ""

    /// Written as it is.
    mutating func add(_ markup: String) { text += markup }

    /// An element around what `content` adds.
    mutating func element(_ name: String, _ attributes: String = "", _ content: (inout Markup) -> Void) {
        text += attributes.isEmpty ? "<\(name)>" : "<\(name) \(attributes)>"
        content(&self)
        text += "</\(name)>\n"
    }

    /// An element around words.
    mutating func element(_ name: String, _ attributes: String = "", words: String) {
        element(name, attributes) { $0.add(Self.escaped(words)) }
    }

    static func escaped(_ words: String) -> String {
        var escaped = ""
        for scalar in words.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            // What HTML does not allow at all.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": break
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// A table behind a plot.
struct MarkupTable {
    var heads: [String]
    var rows: [[String]]

    func write(to markup: inout Markup) {
        markup.element("div", "class=\"scroll\"") { markup in
            markup.element("table") { markup in
                markup.element("thead") { markup in
                    markup.element("tr") { markup in
                        for head in heads { markup.element("th", "scope=\"col\"", words: head) }
                    }
                }
                markup.element("tbody") { markup in
                    for row in rows {
                        markup.element("tr") { markup in
                            for (column, cell) in row.enumerated() {
                                markup.element(
                                    column == 0 ? "th" : "td", column == 0 ? "scope=\"row\"" : "", words: cell)
                            }
                        }
                    }
                }
            }
        }
    }
}
