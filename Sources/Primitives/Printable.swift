extension Unicode.Scalar {
    /// Fit for a terminal and for a line of a log: no control character, no other end of a line, and nothing that turns
    /// the direction of reading (Unicode Annex 9), which makes `gpj.exe` read as `exe.jpg`.
    public var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        case .format: !properties.isBidiControl
        default: true
        }
    }
}

extension StringProtocol {
    /// Every character of it is printable.
    public var isPrintable: Bool { unicodeScalars.allSatisfy(\.isPrintable) }

    /// Made fit for a terminal: what is not printable, replaced.
    public var printable: String {
        guard !isPrintable else { return String(self) }
        var printable = String.UnicodeScalarView()
        for scalar in unicodeScalars { printable.append(scalar.isPrintable ? scalar : "\u{FFFD}") }
        return String(printable)
    }

    /// So much of what somebody wrote as a sentence has room for, fit for a terminal. Counted in scalars: a character
    /// may have any number of accents.
    public var excerpt: String {
        let start = unicodeScalars.prefix(60)
        return String(String.UnicodeScalarView(start)).printable + (start.endIndex == endIndex ? "" : "…")
    }
}
