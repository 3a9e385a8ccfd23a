/// How many columns a text takes on a terminal, near enough for tables.
enum DisplayWidth {
    static func of(_ text: String) -> Int {
        text.reduce(0) { $0 + width(of: $1) }
    }

    /// The text, shortened from its end to at most so many columns, with an ellipsis where something was left away.
    static func clip(_ text: String, to columns: Int) -> String {
        guard of(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var clipped = ""
        var taken = 0
        for character in text {
            let next = width(of: character)
            guard taken + next <= columns - 1 else { break }
            clipped.append(character)
            taken += next
        }
        return clipped + "…"
    }

    /// The text with spaces around it so that it takes exactly so many columns; longer texts stay as they are.
    static func pad(_ text: String, to columns: Int, _ alignment: Alignment) -> String {
        let spaces = String(repeating: " ", count: max(0, columns - of(text)))
        return switch alignment {
        case .left: text + spaces
        case .right: spaces + text
        }
    }

    /// A cluster is as wide as its first scalar; East Asian wide ones and emoji take two columns (Unicode Annex 11).
    private static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        if scalar.isASCII { return 1 }
        if scalar.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}

/// To which side of its column a text keeps.
enum Alignment: Sendable {
    case left, right
}
