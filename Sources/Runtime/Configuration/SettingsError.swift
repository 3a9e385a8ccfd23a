/// A setting that cannot be honoured: one sentence that says where it stands, what is wrong and what to write instead.
public struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    /// A sentence about what no single setting is to blame for.
    init(sentence: String) {
        description = sentence
    }

    /// - Parameters:
    ///   - source: a flag, an environment variable, or a file and line.
    ///   - sentence: without the full stop; a question mark stands for one.
    init(_ source: String, _ sentence: String) {
        description = "\(source): \(sentence)\(sentence.hasSuffix("?") ? "" : ".")"
    }
}
