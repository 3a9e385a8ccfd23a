import Foundation

/// Writes small location databases in the MaxMind DB format (version 2.0, 24-bit records, IPv6 tree), for tests to read
/// back through libmaxminddb: <https://maxmind.github.io/MaxMind-DB/>.
struct DatabaseFile {
    /// What a database says about a network, and about itself.
    indirect enum Value {
        case text(String)
        case number(Double)
        case short(UInt16)
        case integer(UInt32)
        case long(UInt64)
        case emptyList
        case map([(String, Value)])

        static func country(_ code: String) -> Value { .map([("country", .map([("iso_code", .text(code))]))]) }
    }

    private struct Network {
        let bits: [Bool]
        let offset: Int
    }

    private let kind: String
    private var networks: [Network] = []
    private var data: [UInt8] = []

    init(kind: String) {
        self.kind = kind
    }

    /// An IPv4 network, such as `(203, 0, 114, 0)` with 24 bits; it stands under `::/96` in the tree.
    mutating func add(v4 bytes: [UInt8], length: Int, _ value: Value) {
        add(v6: Array(repeating: 0, count: 12) + bytes, length: 96 + length, value)
    }

    mutating func add(v6 bytes: [UInt8], length: Int, _ value: Value) {
        let bits: [Bool] = bytes.flatMap { byte in (0..<8).map { bit in byte >> (7 - bit) & 1 == 1 } }
        networks.append(Network(bits: Array(bits.prefix(length)), offset: data.count))
        data += Self.encode(value)
    }

    func write(to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    var bytes: [UInt8] {
        var nodes: [(Int?, Int?)] = [(nil, nil)]
        var leaves: [[Int?]] = [[nil, nil]]
        for network in networks {
            var node = 0
            for bit in network.bits.dropLast() {
                if let next = bit ? nodes[node].1 : nodes[node].0 {
                    node = next
                } else {
                    nodes.append((nil, nil))
                    leaves.append([nil, nil])
                    if bit { nodes[node].1 = nodes.count - 1 } else { nodes[node].0 = nodes.count - 1 }
                    node = nodes.count - 1
                }
            }
            leaves[node][network.bits.last == true ? 1 : 0] = network.offset
        }
        let count = nodes.count
        var bytes: [UInt8] = []
        for (node, leaf) in zip(nodes, leaves) {
            for (next, offset) in [(node.0, leaf[0]), (node.1, leaf[1])] {
                let record = next ?? offset.map { count + 16 + $0 } ?? count
                bytes += [UInt8(record >> 16 & 255), UInt8(record >> 8 & 255), UInt8(record & 255)]
            }
        }
        return bytes + Array(repeating: 0, count: 16) + data + [0xAB, 0xCD, 0xEF] + Array("MaxMind.com".utf8)
            + Self.encode(metadata(nodes: count))
    }

    private func metadata(nodes: Int) -> Value {
        .map([
            ("node_count", .integer(UInt32(nodes))), ("record_size", .short(24)), ("ip_version", .short(6)),
            ("binary_format_major_version", .short(2)), ("binary_format_minor_version", .short(0)),
            ("database_type", .text(kind)), ("build_epoch", .long(1_700_000_000)), ("languages", .emptyList),
            ("description", .map([])),
        ])
    }

    private static func encode(_ value: Value) -> [UInt8] {
        switch value {
        case .text(let text):
            precondition(text.utf8.count < 29, "short texts only")
            return [2 << 5 | UInt8(text.utf8.count)] + Array(text.utf8)
        case .number(let number):
            return [3 << 5 | 8] + (0..<8).map { UInt8(number.bitPattern >> (56 - 8 * $0) & 255) }
        case .short(let number):
            return [5 << 5 | 2, UInt8(number >> 8), UInt8(number & 255)]
        case .long(let number):
            // Types above 7 follow in a byte of their own, less 7.
            return [8, 9 - 7] + (0..<8).map { UInt8(number >> (56 - 8 * UInt64($0)) & 255) }
        case .emptyList:
            return [0, 11 - 7]
        case .integer(let number):
            return [6 << 5 | 4] + (0..<4).map { UInt8(number >> (24 - 8 * $0) & 255) }
        case .map(let entries):
            precondition(entries.count < 29, "small maps only")
            return [7 << 5 | UInt8(entries.count)] + entries.flatMap { encode(.text($0.0)) + encode($0.1) }
        }
    }
}
