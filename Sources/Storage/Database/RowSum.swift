import Crypto
import Foundation
import GRDB

/// `row_sum(…)` in SQL: the first eight bytes of the SHA-256 of its arguments, by convention a table's name and a row's
/// values. Rows whose values decide something carry it, since SQLite checks how its pages hang together and not what
/// they say: a bit that flips on the disk would otherwise be believed.
enum RowSum {
    static let function = DatabaseFunction("row_sum", pure: true) { values in
        var hash = SHA256()
        for value in values { add(value, to: &hash) }
        return hash.finalize().prefix(8).reduce(0 as Int64) { $0 << 8 | Int64($1) }
    }

    private enum Kind {
        static let null: UInt8 = 0
        static let integer: UInt8 = 1
        static let text: UInt8 = 2
        static let blob: UInt8 = 3
    }

    /// With kind and length, so that no two lists of values hash the same bytes.
    private static func add(_ value: DatabaseValue, to hash: inout SHA256) {
        switch value.storage {
        case .null: add(Kind.null, Data(), to: &hash)
        case .int64(let number): add(Kind.integer, bytes(of: number), to: &hash)
        case .double(let number): add(Kind.integer, bytes(of: Int64(bitPattern: number.bitPattern)), to: &hash)
        case .string(let text): add(Kind.text, Data(text.utf8), to: &hash)
        case .blob(let data): add(Kind.blob, data, to: &hash)
        }
    }

    private static func add(_ kind: UInt8, _ content: Data, to hash: inout SHA256) {
        hash.update(data: [kind])
        hash.update(data: bytes(of: Int64(content.count)))
        hash.update(data: content)
    }

    private static func bytes(of number: Int64) -> Data {
        withUnsafeBytes(of: number.bigEndian) { Data($0) }
    }
}
