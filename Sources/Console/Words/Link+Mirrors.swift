public import Foundation
public import Primitives

extension Link {
    /// The links in a list of mirrors (`<link>.mirrorlist`) that are links of this file; whatever else is there is left
    /// away, and nothing is left of what is no such list.
    public static func mirrors(in data: Data, of file: FileID) -> [String] {
        guard let entries = try? JSONDecoder().decode([Mirror].self, from: data) else { return [] }
        return entries.map(\.url).filter { Link($0)?.file == file }
    }

    private struct Mirror: Decodable {
        var url: String
    }
}
