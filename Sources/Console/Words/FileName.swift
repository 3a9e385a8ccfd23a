/// What a file may be called: anything that is one part of a path and can be read on a terminal.
public enum FileName {
    /// As a posting holds it.
    public static let limit = 255

    /// - Throws: `OperatorError` with a sentence that says what is wrong with the name.
    public static func check(_ name: String) throws(OperatorError) {
        guard let complaint = complaint(about: name) else { return }
        throw OperatorError(
            .unusable,
            "A file cannot be called “\(excerpt(name))”, since \(complaint); choose another name with --name.")
    }

    private static func complaint(about name: String) -> String? {
        if name.isEmpty { return "a name has at least one character" }
        if name == "." || name == ".." { return "that names a directory" }
        if name.utf8.contains(UInt8(ascii: "/")) { return "a name has no slashes" }
        if name.unicodeScalars.contains(where: { !isPrintable($0) }) {
            return "a name has no control characters, nor any that turn the direction of reading"
        }
        if name.utf8.count > limit { return "\(name.utf8.count) bytes are more than the \(limit) that a name may have" }
        return nil
    }

    /// Text from outside made fit for a terminal: control characters and those that turn the direction of reading,
    /// replaced.
    public static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { !isPrintable($0) }) else { return text }
        var printable = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { printable.append(isPrintable(scalar) ? scalar : "\u{FFFD}") }
        return String(printable)
    }

    /// So much of what somebody wrote as a sentence has room for, fit for a terminal.
    public static func excerpt(_ text: String) -> String {
        let start = text.prefix(excerptLimit)
        return printable(String(start)) + (start.endIndex == text.endIndex ? "" : "…")
    }

    private static let excerptLimit = 60

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        // What turns the direction of reading (Unicode Annex 9) makes "gpj.exe" read as "exe.jpg".
        case .format: !scalar.properties.isBidiControl
        default: true
        }
    }
}
