internal import Catalogue
internal import Primitives

/// A file that was withdrawn does not come back: whoever has heard of it, and had the time to write that down, serves
/// it to nobody, and tells nobody that it is offered.
struct Tombstones: Checker {
    static let name = "tombstones"

    /// A file by a publisher.
    private struct Grave: Hashable {
        let file: FileID
        let publisher: NodeID
    }

    private struct Hearing {
        /// The highest sequence that is void.
        var sequence: UInt64
        /// On disk, as far as the node wanted it to be.
        var durable: UInt64?
    }

    /// What each node has heard.
    private var heard: [Int: [Grave: Hearing]] = [:]
    /// Nodes that heard of something that is not yet durable.
    private var pending: [Int: [Grave]] = [:]

    /// The node has been told, and has done about it what it does at once.
    mutating func heard(_ withdrawal: Withdrawal, at node: Int, isDiskIdle: Bool) {
        let grave = Grave(file: withdrawal.file, publisher: withdrawal.publisher)
        var hearing = heard[node]?[grave] ?? Hearing(sequence: 0)
        guard withdrawal.sequence > hearing.sequence else { return }
        hearing.sequence = withdrawal.sequence
        if isDiskIdle { hearing.durable = withdrawal.sequence } else { pending[node, default: []].append(grave) }
        heard[node, default: [:]][grave] = hearing
    }

    /// All that the node wanted written is.
    mutating func settled(_ node: Int) {
        guard let graves = pending.removeValue(forKey: node) else { return }
        for grave in graves {
            let sequence = heard[node]?[grave]?.sequence
            heard[node]?[grave]?.durable = sequence
        }
    }

    /// What was not durable was never heard.
    mutating func crashed(_ node: Int) {
        for grave in pending.removeValue(forKey: node) ?? [] {
            guard let durable = heard[node]?[grave]?.durable else {
                heard[node]?[grave] = nil
                continue
            }
            heard[node]?[grave]?.sequence = durable
        }
    }

    /// The node serves a file under this posting, or tells clients that it is offered.
    func check(_ file: FileID, publisher: NodeID, sequence: UInt64, at node: Int) -> String? {
        guard let hearing = heard[node]?[Grave(file: file, publisher: publisher)], sequence <= hearing.sequence else {
            return nil
        }
        return "offers \(file.brief), and has heard that its publisher took it back"
    }
}
