import Foundation
import GRDB
import Primitives

// Between columns and values. SQLite's blobs are `Data` to GRDB.

extension WireCodable {
    var wireData: Data { Data(wireBytes) }
}

extension Bytes32 {
    var data: Data { Data(array) }
}

extension Row {
    /// A value in wire form.
    func value<Value: WireCodable>(at index: Int) throws -> Value {
        try withUnsafeData(atIndex: index) { data in
            guard let data else { throw WireError.truncated }
            return try Value(wireBytes: data)
        }
    }

    func bytes32(at index: Int) throws -> Bytes32 {
        try withUnsafeData(atIndex: index) { data in
            guard let bytes = data.flatMap({ Bytes32($0) }) else { throw WireError.truncated }
            return bytes
        }
    }
}
