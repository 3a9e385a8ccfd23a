/// What is wrong with a topology file: where it stands, and one sentence that says what to write.
public struct TopologyError: Error, Equatable, CustomStringConvertible {
    public let file: String
    /// Counted from 1; nothing where it is about the file as a whole.
    public let line: Int?
    public let sentence: String

    init(_ file: String, _ line: Int?, _ sentence: String) {
        self.file = file
        self.line = line
        self.sentence = sentence
    }

    /// `"topology/split.yaml:12: links.loss: “2” is no part of a whole; write for example 2 %"`.
    public var description: String {
        line.map { "\(file):\($0): \(sentence)" } ?? "\(file): \(sentence)"
    }
}
