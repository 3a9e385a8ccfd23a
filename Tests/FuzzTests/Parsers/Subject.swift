/// Something that reads bytes from outside, and what must be true whatever they are.
struct Subject: Sendable {
    /// `"envelope"`: the folder of its corpus, too.
    let name: String
    /// Inputs are not longer than this.
    var limit = 4096
    /// How many inputs a short run tries: fewer where one takes longer.
    var shortRun = 4000
    /// Valid inputs, beside those in the corpus.
    let seeds: @Sendable () -> [[UInt8]]
    /// Words to put into inputs.
    var words: [String] = []
    /// Whether the input is accepted.
    /// - Throws: `Finding` when something is not as it must be. What traps or hangs ends the process.
    let check: @Sendable ([UInt8]) throws -> Bool
}

extension Subject {
    static let all: [Subject] = wireForms + doors + texts + commands + configurations + machines

    static func named(_ name: String) -> Subject? { all.first { $0.name == name } }
}
