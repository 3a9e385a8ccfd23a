import Hummingbird
import NIOCore

/// The bytes of a posted file as they come over the socket, at the pace at which they are taken.
///
/// A connection that breaks ends the framework's sequence as if the file were whole, so the bytes are counted here:
/// less or more than announced is an error.
struct PostBody: AsyncSequence, Sendable {
    private let body: RequestBody
    private let length: Int64

    init(_ body: RequestBody, length: Int64) {
        self.body = body
        self.length = length
    }

    func makeAsyncIterator() -> Iterator {
        Iterator(chunks: body.makeAsyncIterator(), remaining: length)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var chunks: RequestBody.AsyncIterator
        fileprivate var remaining: Int64

        mutating func next() async throws -> [UInt8]? {
            guard let chunk = try await chunks.next() else {
                guard remaining == 0 else {
                    throw OperatorError(.failed, "The file ended \(remaining) bytes too early; post it again.")
                }
                return nil
            }
            remaining -= Int64(chunk.readableBytes)
            guard remaining >= 0 else {
                throw OperatorError(.tooLarge, "The file is longer than was announced; post it again.")
            }
            return Array(chunk.readableBytesView)
        }
    }
}
