import Catalogue
import Logging
import Primitives
import Storage

/// What the database says of the disk, held against the disk, before anything is built on either.
struct Reconciliation {
    let folder: PieceFolder
    let database: Database
    let logger: Logger

    /// What is hashed at a start to find pieces that came in just before the end: about what a gigabit brings in the
    /// second between two records, so that a start still takes less than one.
    static let findLimit = ByteCount.mebibytes(128)

    /// A database that was just made knows no file: whoever moved the old one away would lose them all.
    func refuseStrangeFiles(at data: DataDirectory) throws {
        guard try database.membership() == nil, try !folder.files().isEmpty else { return }
        throw SettingsError(
            data.databasePath,
            "this database is new, but \(data.filesPath) holds files; bring the old database back, or move the files away"
        )
    }

    func reconcile(_ holdings: inout [Holding]) throws {
        for index in holdings.indices { try check(&holdings[index]) }
        try clear(keeping: Set(holdings.map(\.file)))
    }

    /// A file that is not as long as it should be is fetched again; pieces that came in before the last end are found.
    private func check(_ holding: inout Holding) throws {
        let manifest = holding.manifest.value
        guard try folder.length(of: holding.file) == manifest.geometry.length else {
            // That there is no room yet for a file of which nothing came is no damage. What was posted here is told as
            // a trouble, since others may not have it.
            if !holding.isOwn, !holding.pieces.isEmpty || holding.pieces.count == 0 {
                logger.warning(
                    "A copy is missing on disk, or cut short, and is fetched again.",
                    metadata: ["file": "\(holding.file)"])
            }
            holding.pieces = Bitfield(count: holding.pieces.count)
            holding.sha256 = nil
            return
        }
        guard !holding.pieces.isFull else { return }
        holding.pieces = try folder.find(manifest, beside: holding.pieces, limit: Self.findLimit)
    }

    /// Bytes that no record names: those known to be nobody's are removed, others set aside for a person to look at.
    private func clear(keeping kept: Set<FileID>) throws {
        let leftovers = try database.leftovers()
        for file in try folder.files() where !kept.contains(file) {
            if leftovers.contains(file) {
                try folder.discard(file)
            } else {
                try folder.setAside(file)
            }
        }
        if !leftovers.isEmpty { try database.forgetLeftovers() }
    }
}
