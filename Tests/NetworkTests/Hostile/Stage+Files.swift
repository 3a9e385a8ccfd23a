import Foundation
import Membership
import Overlay
import Primitives
import Testing

@testable import Catalogue
@testable import Transport

/// A file that an honest node has posted, and what Mallory knows of it.
struct PostedFile: Sendable {
    let manifest: Manifest
    let source: URL
    let bytes: [UInt8]

    var id: FileID { manifest.file }
}

extension Stage {
    /// The founder posts a file whose first tracker is an honest node, and not the founder itself.
    func post(
        _ name: String, _ length: ByteCount, seed: UInt64, replicas: Int
    ) async throws -> (file: PostedFile, link: String) {
        let members = targets.map(\.card.nodeID) + [mallory.identity.nodeID, trudy.identity.nodeID]
        let honest = Set(targets.dropFirst().map(\.card.nodeID))
        var seed = seed * 1_000
        var source = try network.makeFile(name, length, seed: seed)
        while let first = Rendezvous.first(1, of: members, for: Self.id(of: try Data(contentsOf: source))).first,
            !honest.contains(first)
        {
            seed += 1
            source = try network.makeFile(name, length, seed: seed)
        }
        let path = source.path(percentEncoded: false)
        let link = try await founder.node.succeed(["post", "--replicas", "\(replicas)", path])
        let bytes = Array(try Data(contentsOf: source))
        let question = PeerRequest.catalogue(.manifest(Self.id(of: Data(bytes))))
        let answer = try await mallory.client.call(question, to: founder.card).get()
        guard case .catalogue(.manifest(let manifest)) = answer.value else {
            throw NeverHappened(description: "the founder has no manifest of \(link)")
        }
        return (PostedFile(manifest: manifest, source: source, bytes: bytes), link)
    }

    /// Who would be the trackers of the file that `makeFile` makes of a mebibyte from this seed.
    func trackers(ofSeed seed: UInt64, among members: [NodeID]) throws -> [NodeID] {
        let file = try network.makeFile("tracked.bin", .mebibytes(1), seed: seed)
        return Rendezvous.first(
            Rendezvous.trackerCount, of: members, for: Self.id(of: try Data(contentsOf: file)))
    }

    private static func id(of data: Data) -> FileID {
        var hasher = FileHasher()
        data.withUnsafeBytes { hasher.update($0) }
        return hasher.finish().fileID
    }

    /// What each honest node has of a file: `complete`, `filling`, `none`.
    func copies(of link: String) async throws -> [String] {
        var states: [String] = []
        for target in targets {
            let outcome = try await target.node.run(["show", link, "--json"])
            let detail = try? JSONDecoder().decode(View.Detail.self, from: Data(outcome.output.utf8))
            states.append(detail?.file.copy.state ?? "unknown")
        }
        return states
    }

    /// The same, once so many are complete or the time is over; and how many seconds it took.
    func copies(of link: String, until count: Int, within limit: Duration) async throws -> ([String], Int64) {
        let start = ContinuousClock.now
        while true {
            let states = try await copies(of: link)
            let passed = ContinuousClock.now - start
            if passed >= limit || states.count(where: { $0 == "complete" }) >= count {
                return (states, passed.components.seconds)
            }
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// The verifying downloader gets the file, from whichever node it is told to begin with.
    func isFetched(_ link: String, _ source: URL) async throws -> Bool {
        let fetched = network.directory.url.appending(path: "fetched \(UUID().uuidString)")
        let outcome = try await Outcome.of(
            Program.path, ["get", link, "-o", fetched.path(percentEncoded: false)], environment: Program.environment)
        defer { try? FileManager.default.removeItem(at: fetched) }
        return outcome.status == 0
            && FileManager.default.contentsEqual(
                atPath: fetched.path(percentEncoded: false), andPath: source.path(percentEncoded: false))
    }
}

extension Mallory {
    /// Says to everybody that it holds the file, or no longer does.
    @discardableResult
    func announce(
        _ file: PostedFile, _ state: Announcement.State, posting: Posting? = nil, to targets: [Target]
    ) async throws -> [Int] {
        let draft = Announcement(file: file.id, holder: identity.nodeID, version: nextVersion(), state: state)
        let announcement = identity.sign(draft).value
        let request = PeerRequest.catalogue(.announce([announcement], [posting ?? file.manifest.posting]))
        var statuses: [Int] = []
        for target in targets { statuses.append(try await target.status(for: signed(request, for: target))) }
        return statuses
    }

    /// A posting of its own, true unless it is told otherwise.
    func posting(
        of file: FileID, length: ByteCount, name: String = "m.bin", mediaType: String = "text/plain",
        sha256: Bytes32 = .zero, audience: Audience = .network, replicas: UInt8 = 3, expires: WallTime? = nil,
        postedAt: WallTime = Mallory.now, sequence: UInt64? = nil
    ) throws -> Posting {
        let draft = Posting(
            file: file, publisher: identity.nodeID, length: length, name: name, mediaType: mediaType, sha256: sha256,
            audience: audience, replicas: replicas, postedAt: postedAt, expires: expires,
            sequence: sequence ?? nextVersion())
        return identity.sign(try #require(draft)).value
    }

    /// Has the honest nodes copy a file of which it claims to be one of two holders.
    func lure(_ file: PostedFile, _ stage: Stage) async throws {
        let posting = try posting(
            of: file.id, length: file.manifest.posting.length, name: file.manifest.posting.name,
            sha256: file.manifest.posting.sha256, replicas: 3)
        try await announce(file, .complete, posting: posting, to: stage.targets)
    }
}
