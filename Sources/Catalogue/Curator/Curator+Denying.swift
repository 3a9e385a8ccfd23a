internal import OrderedCollections
internal import Primitives

/// What the operator wants neither held nor served here, and what this node does not believe.
extension Curator {
    func isDenied(_ posting: Posting) -> Bool {
        denied.contains(.file(posting.file)) || denied.contains(.publisher(posting.publisher))
            || policy.denied.contains(posting.publisher)
    }

    mutating func deny(_ denial: Denial) {
        guard !denied.contains(denial), denied.count < limits.denials else { return }
        denied.insert(denial)
        turn.actions.append(.persist([.denial(denial)], then: []))
        for file in concerned(by: denial) { review(file) }
    }

    mutating func allow(_ denial: Denial) {
        guard denied.remove(denial) != nil else { return }
        turn.actions.append(.persist([.denialLifted(denial)], then: []))
        for file in concerned(by: denial) { touch(file) }
    }

    private func concerned(by denial: Denial) -> [FileID] {
        switch denial {
        case .file(let file): [file]
        case .publisher(let id): files.ids.filter { files[$0]?.isPublisher(id) ?? false }
        }
    }

    // MARK: Lies

    /// Each publisher's posting of a file stands for itself.
    struct PostingKey: Hashable, Sendable {
        let file: FileID
        let publisher: NodeID
    }

    func isRefused(_ posting: Posting) -> Bool {
        refused[PostingKey(file: posting.file, publisher: posting.publisher)].map { posting.sequence <= $0 } ?? false
    }

    /// Every piece fits, but the whole has a digest that nobody states. Either they all lied, or this disk changed a
    /// piece after it was verified: so it is fetched once more before anybody is blamed. One publisher who states the
    /// digest that was found is witness enough. True when it is not to be believed yet.
    mutating func isDoubtful(_ sha256: Bytes32, of file: FileID) -> Bool {
        guard let entry = files[file], !entry.postings.contains(where: { $0.value.sha256 == sha256 }),
            entry.doubted != sha256
        else { return false }
        files[file]?.doubted = sha256
        return true
    }

    /// The whole file has this digest; who stated another has lied about it.
    mutating func refuseLies(about file: FileID, sha256: Bytes32) {
        for posting in files[file]?.postings ?? [] {
            guard posting.value.publisher != own, posting.value.sha256 != sha256 else { continue }
            refuse(posting.value)
            files[file]?.postings.removeAll { $0.value.publisher == posting.value.publisher }
        }
    }

    /// The digest that it states is false.
    mutating func refuse(_ posting: Posting) {
        let key = PostingKey(file: posting.file, publisher: posting.publisher)
        let known = refused.removeValue(forKey: key)
        refused[key] = max(known ?? 0, posting.sequence)
        if refused.count > limits.refused { refused.removeFirst() }
        note(.falseDigest, by: posting.publisher, of: posting.file)
    }

    /// The file is as long as its piece hashes prove; whoever states another length has lied.
    mutating func prove(_ length: ByteCount, of file: FileID) {
        files[file]?.provenLength = length
        let disproved = (files[file]?.postings ?? []).filter { $0.value.length != length }
        guard !disproved.isEmpty else { return }
        for posting in disproved { note(.falseLength, by: posting.value.publisher, of: file) }
        files[file]?.postings.removeAll { $0.value.length != length }
        touch(file)
    }

    /// Postings of one file state different lengths: a holder is asked for the piece hashes, which prove the true one.
    /// The publishers come first, so that whoever else says that it has the file delays the proof only where none of
    /// them has it.
    mutating func settleDispute(_ file: FileID, _ placement: inout Placement) {
        guard let entry = files[file], entry.provenLength == nil, let first = entry.postings.first,
            entry.postings.contains(where: { $0.value.length != first.value.length })
        else { return }
        let whole = entry.holders.filter { $0.isWhole && $0.holder != own && members.isAlive($0.holder) }.map(\.holder)
        let publishers = entry.postings.map(\.value.publisher).filter { whole.contains($0) }
        let holders = publishers + whole.filter { !publishers.contains($0) }
        if placement.proofAt <= now, !holders.isEmpty {
            let holder = holders[placement.proofs % holders.count]
            placement.proofAt = now + settings.proofPause
            placement.proofs += 1
            call(.manifest(file), .proof(file), to: holder)
        }
        look(file, at: max(placement.proofAt, now + settings.shortagePause), unless: &placement)
    }

    mutating func proofAnswered(_ file: FileID, _ answer: CatalogueAnswer?) {
        guard files[file]?.placement != nil else { return }
        if case .manifest(let manifest)? = answer, manifest.file == file, manifest.isConsistent {
            prove(manifest.geometry.length, of: file)
        }
        place(file)
    }
}
