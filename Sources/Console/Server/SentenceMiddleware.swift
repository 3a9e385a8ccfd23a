import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Makes every failure an answer that a command can print: one sentence, in the same form as any other answer.
struct SentenceMiddleware: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as OperatorError {
            return try Response(status: error.kind.status, json: EmptyAnswer(error: error.sentence))
        } catch let error as HTTPError where error.status == .notFound || error.status == .methodNotAllowed {
            let sentence =
                "This node does not know what “\(request.method) \(FileName.printable(request.uri.path))” asks; "
                + "the command and the daemon are of different versions: update the older and restart the daemon."
            return try Response(status: error.status, json: EmptyAnswer(error: sentence))
        } catch {
            logger.error(
                "an operator's question failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            let sentence = "The node could not do that (\(error)); its log says more."
            return try Response(status: .internalServerError, json: EmptyAnswer(error: sentence))
        }
    }
}

extension OperatorError.Kind {
    /// As HTTP says it.
    var status: HTTPResponse.Status {
        switch self {
        case .unusable: .badRequest
        case .unknown: .notFound
        case .gone: .gone
        case .conflict: .conflict
        case .tooLarge: .contentTooLarge
        case .noRoom: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        case .failed: .internalServerError
        }
    }
}

extension Response {
    /// Keys in order, so that equal answers are equal bytes.
    init(status: HTTPResponse.Status, json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = try encoder.encode(value)
        self.init(
            status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
