import Crypto
import Foundation
import GRDB

/// `row_sum(…)` in SQL: the first eight bytes of the SHA-256 of its arguments, by convention a table's name and a row's
/// values. Rows whose values decide something carry it, since SQLite checks how its pages hang together and not what
/// they say: a bit that flips on the disk would otherwise be believed.
enum RowSum {
    static let function = DatabaseFunction("row_sum", pure: true) { values in
        var content: [UInt8] = []
        for value in values { add(value, to: &content) }
        return SHA256.hash(data: content).withUnsafeBytes { Int64(bigEndian: $0.loadUnaligned(as: Int64.self)) }
    }

    private enum Kind {
        static let null: UInt8 = 0
        static let integer: UInt8 = 1
        static let text: UInt8 = 2
        static let blob: UInt8 = 3
    }

    /// With kind and length, so that no two lists of values hash the same bytes.
    private static func add(_ value: DatabaseValue, to content: inout [UInt8]) {
        switch value.storage {
        case .null: add(Kind.null, [], to: &content)
        case .int64(let number): add(Kind.integer, bytes(of: number), to: &content)
        case .double(let number): add(Kind.integer, bytes(of: Int64(bitPattern: number.bitPattern)), to: &content)
        case .string(let text): add(Kind.text, Array(text.utf8), to: &content)
        case .blob(let data): add(Kind.blob, Array(data), to: &content)
        }
    }

    private static func add(_ kind: UInt8, _ value: [UInt8], to content: inout [UInt8]) {
        content.append(kind)
        content += bytes(of: Int64(value.count))
        content += value
    }

    private static func bytes(of number: Int64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
