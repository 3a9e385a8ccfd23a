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
