public import Primitives

/// The door to the bytes of files, as whoever sends them sees it.
public protocol PieceFiles: Sendable {
    /// A descriptor open for reading, which the caller closes. Which ranges hold verified bytes is for the routing
    /// table to say; the file may be sparse.
    func open(_ file: FileID) throws -> Int32
}

/// What may be wrong when a file cannot be opened, as far as whoever opens it can do something about it.
public protocol PieceFilesFailure: Error {
    /// This process, or the machine, has no descriptor left.
    var lacksDescriptors: Bool { get }
}
