import Glibc

// A node that takes a new identity: first the new one is written beside the old one, then the database says whose it
// is, then the new one gets its place. Whoever starts after a node was killed in between asks the database what is to
// be done. The directory's lock is held.
extension DataDirectory {
    public var successorPath: String { identityPath + ".next" }

    /// The identity that was to follow when the node ended.
    public func successor() throws(StorageError) -> IdentityKeys? {
        access(successorPath, F_OK) == 0 ? try keys(at: successorPath) : nil
    }

    /// Writes the identity that is to follow, durably.
    public func prepare(successor keys: IdentityKeys) throws(StorageError) {
        try dropSuccessor()
        try makeFile(successorPath, Array(keys.text.utf8), mode: 0o600)
    }

    /// It will not follow after all.
    public func dropSuccessor() throws(StorageError) {
        try removeFile(successorPath)
    }

    /// The identity that was prepared takes the place of the old one, which is kept aside. Done twice, it changes
    /// nothing more. Another identity that is kept under that name is never replaced, nor is the node's own given up
    /// for it.
    public func succeed(keepingOldAs name: String) throws(StorageError) {
        let old = retiredPath(name)
        if access(successorPath, F_OK) != 0 {
            let code = errno
            guard code == ENOENT, access(old, F_OK) == 0, try keys(at: old) != identity() else {
                throw StorageError(code: code, path: successorPath)
            }
            // Nothing is prepared, and the old one is aside: it was done before.
            return
        }
        if link(identityPath, old) != 0 {
            guard errno == EEXIST else { throw StorageError(code: errno, path: old) }
            guard try keys(at: old) == identity() else { throw .identityKept(path: old) }
        }
        // The old one has both names before it loses the first.
        try synchronizeDirectory(path)
        guard rename(successorPath, identityPath) == 0 else { throw StorageError(code: errno, path: successorPath) }
        try synchronizeDirectory(path)
    }

    /// Where an identity is that this node had before.
    public func retiredPath(_ name: String) -> String { identityPath + ".old-" + name }
}
