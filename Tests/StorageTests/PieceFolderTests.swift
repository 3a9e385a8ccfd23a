import Catalogue
import Glibc
import Primitives
import Testing

@testable import Storage

@Suite struct PieceFolderTests {
    let scratch: Scratch
    let folder: PieceFolder
    let file = FileID(Bytes32(0x1234_5678_9abc_def0, 2, 3, 4))

    init() throws {
        scratch = try Scratch()
        folder = try PieceFolder(at: scratch.path + "/files")
    }

    @Test func keepsAFileUnderTheFirstCharactersOfItsIDAndNothingElse() throws {
        try folder.prepare(file, length: ByteCount(1000))
        let name = file.description
        let prefix = name.prefix(2)
        #expect(try scratch.contents() == ["files/", "files/\(prefix)/", "files/\(prefix)/\(name)", "files/incoming/"])
        #expect(mode(of: scratch.path + "/files/\(prefix)/\(name)") == 0o600)
        #expect(mode(of: scratch.path + "/files") == 0o700)
        #expect(try folder.files() == [file])
        #expect(try folder.length(of: file) == ByteCount(1000))
    }

    @Test(arguments: [0, 1, 4096, 7_000_001])
    func reservesTheWholeLength(length: Int) throws {
        try folder.prepare(file, length: ByteCount(length))
        var facts = stat()
        #expect(stat(folder.path(of: file), &facts) == 0)
        #expect(facts.st_size == length)
        #expect(facts.st_blocks * 512 >= length)
    }

    @Test func keepsWhatIsThereWhenAskedAgainForTheSameLength() throws {
        try folder.prepare(file, length: ByteCount(5))
        try write([1, 2, 3, 4, 5], to: folder.path(of: file))
        try folder.prepare(file, length: ByteCount(5))
        #expect(try content(of: folder.path(of: file)) == [1, 2, 3, 4, 5])
        try folder.prepare(file, length: ByteCount(6))
        #expect(try content(of: folder.path(of: file)) == [0, 0, 0, 0, 0, 0])
    }

    @Test func handsOutDescriptorsForReadingThatOutliveTheFile() throws {
        try folder.prepare(file, length: ByteCount(3))
        let descriptor = try folder.open(file)
        defer { close(descriptor) }
        try folder.discard(file)
        var buffer: [UInt8] = [9, 9, 9, 9]
        #expect(read(descriptor, &buffer, 4) == 3)
        #expect(buffer == [0, 0, 0, 9])
        #expect(Glibc.write(descriptor, buffer, 1) == -1)
    }

    @Test func knowsNothingOfFilesThatAreNotThere() throws {
        #expect(throws: StorageError.noSuchFile(file)) { try folder.open(file) }
        #expect(throws: StorageError.noSuchFile(file)) { try folder.flatDigest(of: file, length: .zero) }
        #expect(try folder.length(of: file) == nil)
        #expect(try folder.files() == [])
        try folder.discard(file)
    }

    @Test func removesWhatWasBeingPostedWhenTheLastRunEnded() throws {
        try write([1], to: folder.incomingPath + "/17")
        try folder.prepare(file, length: ByteCount(1))
        let again = try PieceFolder(at: folder.path)
        #expect(try names(in: again.incomingPath) == [])
        #expect(try again.files() == [file])
    }

    @Test func setsAFileAsideWithItsBytes() throws {
        for bytes: [UInt8] in [[1, 2, 3], [4, 5, 6, 7]] {
            try write(bytes, to: preparedPath(length: bytes.count))
            try folder.setAside(file)
            #expect(try folder.files() == [])
            #expect(try folder.length(of: file) == nil)
            #expect(try names(in: folder.orphansPath) == [file.description])
            #expect(try content(of: folder.orphansPath + "/" + file.description) == bytes)
        }
        let again = try PieceFolder(at: folder.path)
        #expect(try names(in: again.orphansPath) == [file.description])
        #expect(throws: StorageError.self) { try folder.setAside(file) }
    }

    private func preparedPath(length: Int) throws -> String {
        try folder.prepare(file, length: ByteCount(length))
        return folder.path(of: file)
    }

    @Test func listsFilesInOrderAndOnlyWhatIsNamedLikeOne() throws {
        var generator = Generator(seed: 5)
        let files = (0..<40).map { _ in FileID(Bytes32(generator.next(), generator.next(), 0, generator.next())) }
        for file in files { try folder.prepare(file, length: ByteCount(1)) }
        try write([1], to: folder.folderPath(of: files[0]) + "/notes")
        try write([1], to: folder.path + "/zz")
        #expect(throws: StorageError.notADirectory(path: folder.path + "/zz")) { try folder.files() }
        try removeFile(folder.path + "/zz")
        #expect(try folder.files() == files.sorted { $0.description < $1.description })
    }

    @Test(arguments: [0, 1, 1000, 1 << 18, 700_001])
    func computesTheFlatDigestOfTheWholeFile(length: Int) throws {
        let bytes = bytes(length)
        try folder.prepare(file, length: ByteCount(length))
        try write(bytes, to: folder.path(of: file))
        var hasher = FlatHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        #expect(try folder.flatDigest(of: file, length: ByteCount(length)) == hasher.finish())
        #expect(throws: StorageError.wrongLength(file)) {
            try folder.flatDigest(of: file, length: ByteCount(length + 1))
        }
    }

    @Test func isNotMadeWhereAFileStands() throws {
        let path = scratch.path + "/taken"
        try write([1], to: path)
        #expect(throws: StorageError.notADirectory(path: path)) { try PieceFolder(at: path) }
    }

    @Test func saysWhatIsFree() throws {
        #expect(try folder.freeDisk() > .zero)
    }
}
