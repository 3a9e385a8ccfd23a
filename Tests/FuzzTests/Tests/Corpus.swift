import Foundation

/// The inputs kept in the tree, in a folder for each parser: good examples, and every find under a name that says what
/// it was.
enum Corpus {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Corpus")

    static var folders: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)))?.sorted() ?? []
    }

    static func inputs(of subject: Subject) -> [(name: String, bytes: [UInt8])] {
        let place = folder.appending(path: subject.name)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path(percentEncoded: false))) ?? []
        return names.sorted().compactMap { name in
            (try? Data(contentsOf: place.appending(path: name))).map { (name, Array($0)) }
        }
    }
}
