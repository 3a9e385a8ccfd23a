/// How much of something each of many keys has had: a count-min sketch (Cormode and Muthukrishnan, 2005).
///
/// Keys share a fixed number of counters, and the smallest of a key's own is the best guess for it. That is never too
/// little, and too much only by what others had who share all of them: a flood of keys makes nothing grow, and nobody
/// is forgotten. Which counters these are differs from process to process, so nobody can choose keys that share
/// another's.
public struct Sketch<Key: Hashable & Sendable, Amount: FixedWidthInteger & Sendable>: Sendable {
    /// Counters of each key.
    private static var rows: Int { 4 }

    private let columns: Int
    private var counters: [Amount]

    public init(columns: Int) {
        self.columns = columns
        counters = Array(repeating: 0, count: Self.rows * columns)
    }

    public subscript(key: Key) -> Amount {
        places(of: key).reduce(.max) { min($0, counters[$1]) }
    }

    /// No sum grows beyond the largest amount.
    public mutating func add(_ amount: Amount, for key: Key) {
        for place in places(of: key) {
            let (sum, overflow) = counters[place].addingReportingOverflow(amount)
            counters[place] = overflow ? .max : sum
        }
    }

    private func places(of key: Key) -> [Int] {
        (0..<Self.rows).map { row in
            var hasher = Hasher()
            hasher.combine(row)
            hasher.combine(key)
            return row * columns + Int(UInt(bitPattern: hasher.finalize()) % UInt(columns))
        }
    }
}
