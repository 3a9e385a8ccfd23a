internal import Catalogue
internal import Membership
internal import Overlay
@_spi(Verification) internal import Primitives

/// Posting, and looking at what became of it.
extension VirtualNetwork {
    /// A file that lies on a node's disk is posted there.
    @discardableResult
    mutating func post(
        _ length: ByteCount, on index: Int, replicas: UInt8 = 2, audience: Audience = .network,
        expires: WallTime? = nil
    ) -> FileID {
        let geometry = PieceGeometry(length: length)
        let pieces = (0..<geometry.count).map { _ in
            Bytes32(generator.next(), generator.next(), generator.next(), generator.next())
        }
        let posting = Posting(
            file: FileID(geometry: geometry, pieces: pieces), publisher: nodes[index].id, length: length,
            name: "a file",
            mediaType: "video/webm", sha256: Bytes32(generator.next(), 0, 0, 0), audience: audience,
            replicas: replicas, postedAt: wallTime, expires: expires, sequence: UInt64(wallTime.milliseconds))
        guard let posting else { preconditionFailure("a posting within the limits") }
        put(Manifest(posting: posting.signed, pieces: pieces), on: index)
        return posting.file
    }

    /// What is known already is posted anew, or by another node too.
    mutating func post(
        _ manifest: Manifest?, on index: Int, audience: Audience = .network, expires: WallTime? = nil
    ) {
        guard let known = manifest?.posting, let pieces = manifest?.pieces,
            let curator = nodes[index].process?.overlay.curator
        else { preconditionFailure("a file that is known, on a node that runs") }
        let posting = Posting(
            file: known.file, publisher: nodes[index].id, length: known.length, name: "the same file",
            mediaType: known.mediaType, sha256: known.sha256, audience: audience, replicas: known.replicas,
            postedAt: wallTime, expires: expires, sequence: curator.nextSequence(for: known.file, at: wallTime))
        guard let posting else { preconditionFailure("a posting within the limits") }
        put(Manifest(posting: posting.signed, pieces: pieces), on: index)
    }

    private mutating func put(_ manifest: Manifest, on index: Int) {
        // The person is told that there is no room, and nothing is posted.
        guard !nodes[index].troubles.isDiskFull else { return }
        measures.copying.posted(manifest.file, manifest.posting.length, by: index)
        nodes[index].disk.storeAll(of: manifest)
        checkers.audiences.posted(manifest.posting, at: now)
        deliver(.posted(Verified(checked: manifest), sha256: manifest.posting.sha256), to: currentRun(of: index))
    }

    mutating func withdraw(_ file: FileID, on index: Int) {
        checkers.audiences.asked(toWithdraw: file, by: nodes[index].id)
        deliver(.withdraw(file), to: currentRun(of: index))
    }

    func manifest(of file: FileID, at index: Int) -> Manifest? { nodes[index].disk.holdings[file]?.manifest.value }

    func hasBytes(of file: FileID, at index: Int) -> Bool {
        nodes[index].disk.bytes[file] != nil || nodes[index].disk.holdings[file] != nil
    }

    /// Nodes, running or not, with anything of the file on disk.
    func copies(of file: FileID) -> [Int] { nodes.indices.filter { hasBytes(of: file, at: $0) } }

    /// How many whole files lie on a node's disk.
    func heldWhole(at index: Int) -> Int {
        nodes[index].disk.holdings.values.count { $0.isComplete }
    }

    /// Whether its posting became durable where it was posted: from then on it must not be lost.
    func isAccepted(_ file: FileID) -> Bool { nodes.contains { $0.disk.accepted[file] != nil } }

    /// The same of one posting.
    func isAccepted(_ posting: Posting) -> Bool {
        let accepted = nodes[index(of: posting.publisher)].disk.accepted[posting.file]
        return accepted.map { $0 >= posting.sequence } ?? false
    }

    /// Running nodes with a whole copy on disk.
    func holders(of file: FileID) -> [Int] {
        nodes.indices.filter { nodes[$0].isUp && nodes[$0].disk.hasWhole(file) }
    }

    /// Whom a running node takes for whole holders, itself among them.
    func knownHolders(of file: FileID, at index: Int) -> [Int] {
        guard let route = nodes[index].process?.overlay.curator.route(of: file) else { return [] }
        let others = route.holders.filter(\.isComplete).map { self.index(of: $0.id) }
        return (route.own == .complete ? others + [index] : others).sorted()
    }

    /// The file's trackers, as a running node sees it.
    func trackers(of file: FileID) -> [Int] {
        let observer = nodes.first { $0.isUp }
        return observer?.process?.overlay.curator.trackers(of: file).map { index(of: $0) } ?? []
    }

    /// Every running node sees every other running node alive, and those alone.
    var isAgreed: Bool {
        nodes.allSatisfy { observer in
            guard let roster = observer.process?.overlay.roster else { return true }
            return nodes.allSatisfy { node in
                node.id == observer.id || (roster[node.id]?.isPresent ?? false) == node.isUp
            }
        }
    }

    /// A client asks each running node; what came of it, in their order.
    mutating func askEverywhere(for file: FileID, near place: Place? = nil) -> [VirtualClient.Outcome?] {
        let asked = nodes.indices.filter { nodes[$0].isUp }.map { ask(file, at: $0, near: place) }
        run(for: .seconds(20)) { network in asked.allSatisfy { network.clients[$0]?.outcome != nil } }
        return asked.map { clients[$0]?.outcome }
    }
}

extension Optional<VirtualClient.Outcome> {
    var isServed: Bool {
        if case .served? = self { true } else { false }
    }
}
