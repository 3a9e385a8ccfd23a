import Testing

@testable import Storage

@Suite struct FootprintTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func isErasedWithAllThatWasMade() throws {
        let home = scratch.path + "/home/node"
        let footprint = Footprint(at: home)
        let directory = try DataDirectory(creating: home)
        _ = try directory.lock()
        _ = try Database(at: directory.databasePath)
        _ = try PieceFolder(at: directory.filesPath)
        footprint.erase()
        #expect(try scratch.contents() == [])
    }

    @Test func leavesWhatWasThereBeforeAndWhatNoNodeMakes() throws {
        try write([1], to: scratch.path + "/node.yaml")
        let footprint = Footprint(at: scratch.path)
        for name in ["node.yaml", "potluck.sqlite", "letter.txt"] { try write([2], to: scratch.path + "/" + name) }
        footprint.erase()
        #expect(try names(in: scratch.path) == ["letter.txt", "node.yaml"])
    }
}
