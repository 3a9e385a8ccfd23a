import Glibc
import Primitives
import Testing

@testable import Storage

@Suite struct DataDirectoryTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func isMadeWithAllAboveItAndOpenedAgain() throws {
        let path = scratch.path + "/a/b/c"
        let made = try DataDirectory(creating: path + "//")
        #expect(made.path == path)
        #expect(made.databasePath == path + "/potluck.sqlite")
        #expect(try DataDirectory(existing: path) == made)
        #expect(try DataDirectory(creating: path) == made)
        #expect(mode(of: path) == 0o755)
    }

    @Test func isNotOpenedWhereThereIsNone() throws {
        #expect(throws: StorageError.noSuchDirectory(path: scratch.path + "/none")) {
            try DataDirectory(existing: scratch.path + "/none")
        }
    }

    @Test func isNotAFile() throws {
        let path = scratch.path + "/file"
        try write([1], to: path)
        #expect(throws: StorageError.notADirectory(path: path)) { try DataDirectory(existing: path) }
        #expect(throws: StorageError.notADirectory(path: path)) { try DataDirectory(creating: path) }
        #expect(throws: StorageError.self) { try DataDirectory(creating: path + "/below") }
    }

    @Test func isHeldByOneProcessAtATimeWhichIsNamed() throws {
        let directory = try DataDirectory(creating: scratch.path)
        var lock: DirectoryLock? = try directory.lock()
        #expect(throws: StorageError.inUse(path: scratch.path, process: getpid())) { try directory.lock() }
        #expect(
            StorageError.inUse(path: "/d", process: 12).description
                == "A node runs in /d already (process 12); stop it first, or choose another data directory.")
        _ = lock
        lock = nil
        _ = try directory.lock()
    }

    @Test func isFreeAgainWhenAnOldLockFileNamesAProcessThatIsGone() throws {
        let directory = try DataDirectory(creating: scratch.path)
        try write(Array("99999999\n".utf8), to: directory.lockPath)
        let lock = try directory.lock()
        #expect(try content(of: directory.lockPath) == Array("\(getpid())\n".utf8))
        withExtendedLifetime(lock) {}
    }
}

@Suite struct IdentityKeysTests {
    let scratch: Scratch
    let directory: DataDirectory
    let keys = IdentityKeys(signingSeed: Bytes32(1, 2, 3, 4), agreementSecret: Bytes32(5, 6, 7, 8))

    init() throws {
        scratch = try Scratch()
        directory = try DataDirectory(existing: scratch.path)
    }

    @Test func areReadAsTheyWereWrittenAndForTheOwnerAlone() throws {
        #expect(!directory.hasIdentity)
        try directory.create(keys)
        #expect(directory.hasIdentity)
        #expect(try directory.identity() == keys)
        #expect(mode(of: directory.identityPath) == 0o600)
        #expect(try scratch.contents() == ["identity.key"])
    }

    @Test func areNeverReplaced() throws {
        try directory.create(keys)
        let others = IdentityKeys(signingSeed: .zero, agreementSecret: .zero)
        #expect(throws: StorageError.identityExists(path: directory.identityPath)) { try directory.create(others) }
        #expect(try directory.identity() == keys)
        #expect(try scratch.contents() == ["identity.key"])
    }

    @Test func areSucceededByOthersAndKeptAside() throws {
        try directory.create(keys)
        let next = IdentityKeys(signingSeed: Bytes32(9, 9, 9, 9), agreementSecret: .zero)
        #expect(try directory.successor() == nil)
        try directory.prepare(successor: .init(signingSeed: .zero, agreementSecret: .zero))
        try directory.prepare(successor: next)
        #expect(try directory.successor() == next)
        #expect(try directory.identity() == keys)
        // As after a kill between the two steps.
        #expect(link(directory.identityPath, directory.retiredPath("abc")) == 0)
        try directory.succeed(keepingOldAs: "abc")
        #expect(try directory.identity() == next)
        #expect(try directory.successor() == nil)
        #expect(mode(of: directory.identityPath) == 0o600)
        #expect(try scratch.contents() == ["identity.key", "identity.key.old-abc"])
        #expect(try content(of: directory.retiredPath("abc")) == Array(keys.text.utf8))
        // Done twice.
        try directory.succeed(keepingOldAs: "abc")
        #expect(try directory.identity() == next)
        #expect(try scratch.contents() == ["identity.key", "identity.key.old-abc"])
        #expect(try content(of: directory.retiredPath("abc")) == Array(keys.text.utf8))
    }

    @Test func areNotGivenUpWhereAnotherIdentityIsKeptAside() throws {
        try directory.create(keys)
        let (next, other) = (Bytes32(9, 9, 9, 9), Bytes32(7, 7, 7, 7))
        try directory.prepare(successor: IdentityKeys(signingSeed: next, agreementSecret: .zero))
        let old = directory.retiredPath("abc")
        let text = IdentityKeys(signingSeed: other, agreementSecret: .zero).text
        try write(Array(text.utf8), to: old)
        #expect(throws: StorageError.identityKept(path: old)) { try directory.succeed(keepingOldAs: "abc") }
        #expect(try directory.identity() == keys)
        #expect(try content(of: old) == Array(text.utf8))
        try removeFile(old)
        try directory.succeed(keepingOldAs: "abc")
        #expect(try directory.identity().signingSeed == next)
        #expect(try content(of: old) == Array(keys.text.utf8))
    }

    @Test func areNotSucceededByWhatWasDropped() throws {
        try directory.create(keys)
        try directory.prepare(successor: IdentityKeys(signingSeed: .zero, agreementSecret: .zero))
        try directory.dropSuccessor()
        try directory.dropSuccessor()
        #expect(throws: StorageError.self) { try directory.succeed(keepingOldAs: "abc") }
        // Nor where the first step was done already.
        #expect(link(directory.identityPath, directory.retiredPath("abc")) == 0)
        #expect(throws: StorageError.self) { try directory.succeed(keepingOldAs: "abc") }
        #expect(try directory.identity() == keys)
    }

    @Test func areMissedBeforeTheyAreMade() {
        #expect(throws: StorageError.identityMissing(path: directory.identityPath)) { try directory.identity() }
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o601, 0o644] as [mode_t])
    func areRefusedWhenOthersCanUseThem(mode: mode_t) throws {
        try directory.create(keys)
        chmod(directory.identityPath, mode)
        #expect(throws: StorageError.identityExposed(path: directory.identityPath, mode: mode)) {
            try directory.identity()
        }
    }

    @Test func sayWhatToDoWhenTheyAreExposed() {
        #expect(
            StorageError.identityExposed(path: "/d/identity.key", mode: 0o644).description
                == "/d/identity.key holds secret keys, but others can use it (mode 0644); run `chmod 600 /d/identity.key`."
        )
    }

    @Test func areRefusedInAnyOtherForm() throws {
        let good = keys.text
        let bad = [
            "", "\n", "potluck identity 1\n", String(good.dropLast(2)), good + "more\n",
            good.replacing("identity 1", with: "identity 2"), good.replacing("ed25519", with: "ed25518"),
            good.replacing("\nx25519 ", with: "\nx25519 a"), String(repeating: "x", count: 5000),
        ]
        for text in bad {
            try write(Array(text.utf8), to: directory.identityPath)
            #expect(throws: StorageError.identityMalformed(path: directory.identityPath), "\(text)") {
                try directory.identity()
            }
        }
        // A zero byte, and bytes that are no text at all.
        try write([0, 0xFF, 0xFE], to: directory.identityPath)
        #expect(throws: StorageError.identityMalformed(path: directory.identityPath)) { try directory.identity() }
    }
}
