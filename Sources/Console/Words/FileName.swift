import Primitives

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
        if !name.isPrintable { return "a name has no control characters, nor any that turn the direction of reading" }
        if name.utf8.count > limit { return "\(name.utf8.count) bytes are more than the \(limit) that a name may have" }
        return nil
    }

    /// Text from outside made fit for a terminal: control characters and those that turn the direction of reading,
    /// replaced.
    public static func printable(_ text: String) -> String { text.printable }

    /// So much of what somebody wrote as a sentence has room for, fit for a terminal. Counted in scalars: a character
    /// may have any number of accents.
    public static func excerpt(_ text: String) -> String { text.excerpt }
}
