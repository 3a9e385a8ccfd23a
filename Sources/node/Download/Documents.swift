import Catalogue
import Console
import Foundation
import Primitives
import Transport

/// The documents about a file that its nodes hand out beside its bytes.
struct Documents: Sendable {
    private let courier: Courier
    private let link: Link

    /// A manifest lists at most 65,536 hashes of 32 bytes.
    static let manifestLimit = ByteCount.mebibytes(3)
    static let mirrorsLimit = ByteCount.mebibytes(1)
    static let timeLimit = Duration.seconds(30)
    /// A link without a name still needs one for the ending to follow.
    static let placeholderName = "file"

    init(_ link: Link, _ courier: Courier) {
        self.courier = courier
        var link = link
        if link.name.isEmpty { link.name = Self.placeholderName }
        self.link = link
    }

    /// The manifest, proven to be that of the link's file.
    func manifest() async throws -> Manifest {
        let answer: CourierAnswer
        do {
            answer = try await courier.send(request(".manifest", limit: Self.manifestLimit))
        } catch {
            throw Complaint(
                "The node \(link.node) does not answer (\(error)); check the link, or use that of another node.")
        }
        switch answer.head.status {
        case 200: break
        case 404: throw Complaint("The node \(link.node) knows no such file; check the link.")
        case 410:
            throw Complaint("This file was withdrawn or has expired; ask whoever gave you the link for a new one.")
        case 429, 503: throw Complaint("The node \(link.node) is too busy to answer now; try again in a few minutes.")
        default:
            throw Complaint(
                "What \(link.node) answers (status \(answer.head.status)) is not a Potluck node's answer; check the link."
            )
        }
        guard let manifest = try? Manifest(wireBytes: answer.body), manifest.file == link.file, manifest.isConsistent
        else {
            throw Complaint(
                "What \(link.node) says about the file does not fit the link; use that of another node, since this one is "
                    + "broken, lies or is no Potluck node.")
        }
        return manifest
    }

    /// Where the file is to be had, best first; none when the node does not say.
    func mirrors() async -> [String] {
        guard let answer = try? await courier.send(request(".mirrorlist", limit: Self.mirrorsLimit)),
            answer.head.status == 200
        else { return [] }
        return Link.mirrors(in: Data(answer.body), of: link.file)
    }

    private func request(_ ending: String, limit: ByteCount) -> CourierRequest {
        var request = CourierRequest("GET", link.description + ending)
        request.answerLimit = limit
        request.timeLimit = Self.timeLimit
        return request
    }
}
