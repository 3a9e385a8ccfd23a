import Glibc

/// Makes a directory for its owner alone, if there is none; whether it was made.
@discardableResult
func makeDirectory(_ path: String, mode: mode_t = 0o700) throws(StorageError) -> Bool {
    if mkdir(path, mode) == 0 { return true }
    let code = errno
    guard code == EEXIST else { throw StorageError(code: code, path: path) }
    guard isDirectory(path) else { throw .notADirectory(path: path) }
    return false
}

func isDirectory(_ path: String) -> Bool {
    var facts = stat()
    return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
}

/// Waits until the names in a directory are on the disk.
func synchronizeDirectory(_ path: String) throws(StorageError) {
    let directory = try OpenFile(path, O_RDONLY | O_DIRECTORY)
    guard fsync(directory.descriptor) == 0 else { throw StorageError(code: errno, path: path) }
}

/// Makes a file that is there whole and durably or not at all, and never replaces another; whether it was made. The
/// directory's lock is held.
@discardableResult
func makeFile(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(StorageError) -> Bool {
    let draft = draftPath(of: path)
    try removeFile(draft)
    defer { unlink(draft) }
    let file = try OpenFile(draft, O_WRONLY | O_CREAT | O_EXCL)
    guard fchmod(file.descriptor, mode) == 0 else { throw StorageError(code: errno, path: draft) }
    try file.write(bytes, at: 0)
    try file.synchronize()
    guard link(draft, path) == 0 else {
        guard errno == EEXIST else { throw StorageError(code: errno, path: path) }
        return false
    }
    try synchronizeDirectory(parentPath(of: path))
    return true
}

/// The directory that a file is in; its path has at least one slash.
func parentPath(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) }

/// Where a file is written before it gets its name.
func draftPath(of path: String) -> String { path + ".new" }

/// The names in a directory, in order, without "." and "..".
func names(in path: String) throws(StorageError) -> [String] {
    guard let directory = opendir(path) else { throw StorageError(code: errno, path: path) }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = readdir(directory) else { break }
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw StorageError(code: errno, path: path) }
    return names.sorted()
}

/// Removes a file if it is there; whether it was.
@discardableResult
func removeFile(_ path: String) throws(StorageError) -> Bool {
    if unlink(path) == 0 { return true }
    guard errno == ENOENT else { throw StorageError(code: errno, path: path) }
    return false
}
