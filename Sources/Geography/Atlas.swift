import Foundation
public import Primitives

/// Where to look for what tells an address's place.
public enum GeoSource: Equatable, Sendable {
    /// A `*.mmdb` in the data directory, else one in the system's GeoIP folders, else the country tables of Debian's
    /// `tor-geoipdb`, else nothing.
    case auto(dataDirectory: String)
    /// A `*.mmdb`, a country table, or a folder with the tables `geoip` and `geoip6`.
    case path(String)
}

/// Tells where on Earth an address is. Looking up neither waits nor reads files, except for pages of a database that
/// are not in memory yet.
public struct Atlas: Sendable {
    /// What places come from, for the log: `"the country tables /usr/share/tor/geoip and geoip6"`.
    public let source: String
    /// What was found and passed over, each with its reason: a sentence for the log.
    public let skipped: [String]
    private let contents: Contents

    private enum Contents: Sendable {
        case nothing
        case tables(CountryTables)
        case database(LocationDatabase)
    }

    /// Folders where packages and updaters put `*.mmdb` files.
    public static let systemFolders = [
        "/usr/share/GeoIP", "/var/lib/GeoIP", "/usr/local/share/GeoIP", "/usr/local/var/GeoIP",
        "/opt/homebrew/var/GeoIP",
    ]
    /// Where Debian's `tor-geoipdb` puts the country tables.
    public static let tableFolders = ["/usr/share/tor"]

    /// Opens what the operator named, and throws when it is not usable; `auto` passes over what is not, and is an atlas
    /// of nothing when nothing is left.
    public init(_ source: GeoSource) throws(GeographyError) {
        switch source {
        case .auto(let directory):
            self.init(searching: [directory] + Self.systemFolders, tables: Self.tableFolders)
        case .path(let path):
            try self.init(path: path)
        }
    }

    /// An atlas that knows no place.
    public init() {
        self.init(.nothing, from: "nothing: install tor-geoipdb, or name a *.mmdb with --geo")
    }

    /// Where an address is; nil for private addresses, and for those the source does not know.
    public func place(of address: IPAddress) -> Place? {
        guard !address.isPrivate else { return nil }
        switch contents {
        case .nothing: return nil
        case .tables(let tables): return tables.place(of: address)
        case .database(let database): return database.place(of: address)
        }
    }

    /// The ISO 3166 code of the country an address is in; nil as above.
    public func country(of address: IPAddress) -> String? {
        guard !address.isPrivate else { return nil }
        switch contents {
        case .nothing: return nil
        case .tables(let tables): return tables.country(of: address)
        case .database(let database): return database.country(of: address)
        }
    }

    // MARK: Finding

    /// What `auto` does, in folders given by the caller.
    init(searching folders: [String], tables: [String]) {
        var skipped: [String] = []
        for folder in folders {
            if let database = Self.bestDatabase(in: folder, skipped: &skipped) {
                self.init(.database(database), from: "the location database \(database.path)", skipped: skipped)
                return
            }
        }
        for folder in tables where FileManager.default.fileExists(atPath: folder + "/geoip") {
            do {
                try self.init(tablesIn: folder, skipped: skipped)
                return
            } catch {
                skipped.append(error.description)
            }
        }
        self.init(.nothing, from: Atlas().source, skipped: skipped)
    }

    private init(path: String) throws(GeographyError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw GeographyError(
                "There is no \(path): --geo takes a *.mmdb file, or a folder with the tables geoip and geoip6.")
        }
        if isFolder.boolValue {
            try self.init(tablesIn: path)
        } else if path.hasSuffix(".mmdb") {
            let database = try LocationDatabase(path: path)
            guard database.precision > .none else { throw GeographyError(Self.refusal(of: database)) }
            self.init(.database(database), from: "the location database \(path)")
        } else {
            let tables = try CountryTables(four: path, six: Self.companion(of: path))
            self.init(.tables(tables), from: Self.name(ofTables: path))
        }
    }

    private init(tablesIn folder: String, skipped: [String] = []) throws(GeographyError) {
        let path = folder + "/geoip"
        guard FileManager.default.fileExists(atPath: path) else {
            throw GeographyError(
                "The folder \(folder) has no table geoip: --geo takes a *.mmdb file, or a folder with the tables geoip "
                    + "and geoip6.")
        }
        let tables = try CountryTables(four: path, six: Self.companion(of: path))
        self.init(.tables(tables), from: Self.name(ofTables: path), skipped: skipped)
    }

    private init(_ contents: Contents, from source: String, skipped: [String] = []) {
        self.contents = contents
        self.source = source
        self.skipped = skipped
    }

    /// The most precise database in a folder, the first by name among equals.
    private static func bestDatabase(in folder: String, skipped: inout [String]) -> LocationDatabase? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var best: LocationDatabase?
        for name in names.sorted() where name.hasSuffix(".mmdb") {
            do {
                let database = try LocationDatabase(path: folder + "/" + name)
                if database.precision == .none {
                    skipped.append(refusal(of: database))
                } else if database.precision > best?.precision ?? .none {
                    best = database
                }
            } catch {
                skipped.append(error.description)
            }
        }
        return best
    }

    private static func refusal(of database: LocationDatabase) -> String {
        "The database \(database.path) is a \(database.kind), which does not say where addresses are: choose one of "
            + "cities or countries with --geo."
    }

    /// The table of IPv6 beside that of IPv4.
    private static func companion(of path: String) -> String? {
        let companion = path + "6"
        return FileManager.default.fileExists(atPath: companion) ? companion : nil
    }

    private static func name(ofTables path: String) -> String {
        companion(of: path) == nil ? "the country table \(path), IPv4 only" : "the country tables \(path) and \(path)6"
    }
}
