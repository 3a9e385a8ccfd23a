import Catalogue
import Foundation
import Primitives
import Transport

@testable import Geography
@testable import Runtime

extension Subject {
    /// What the operator writes, and the files of others that the operator names.
    static let configurations: [Subject] = [settings, environment, locationDatabase, countryTable]

    private static let words = [
        "name: ", "listen: ", "url: ", "advertise: ", "private: ", "location: ", "allowance: ", "share: ", "disk: ",
        "replicas: ", "open: ", "pulse: ", "geo: ", "trustedProxies: ", "accept: ", "deny: ", "lists: ", "log: ",
        "10GB/month", "auto", "types: ", "largest: ", "publisherShare: ", "10 %", "publishers: ", "friends: ", "video/",
        "2GB", "10.0.0.0/8",
        "\(Samples.founder.nodeID)",
        "250ms", "1e400s", "9223372036854775807", "- ", "[", "]", "{", "}", "&a", "*a", "<<: ", "!!", "? ", "|", ">",
        "\"", "'",
        "\n", "---\n", "#", "\u{85}", "\u{2028}", "~", "null",
    ]

    private static let settings = Subject(
        name: "settings", limit: 2000, shortRun: 1500,
        seeds: {
            [
                "name: kitchen\nlisten: 0.0.0.0:8080\nallowance: 10GB/month\nshare: 8GB\n",
                "url: https://cdn.example.org\nadvertise: 192.0.2.1:8080\nlocation: DE\npulse: 1.5s\ndisk: 1.5TiB\n",
                "private: yes\nreplicas: 255\ntrustedProxies:\n  - 10.0.0.0/8\n  - ::1\nlog: debug\ngeo: ~/x.mmdb\n",
                "accept:\n  types: [video/, application/pdf]\n  largest: 100MB\n  publisherShare: 10 %\n  publishers:\n"
                    + "  - \(Samples.founder.nodeID)\n",
                "deny: {publishers: [\(Samples.founder.nodeID)], types: audio/}\n"
                    + "lists: {friends: [\(Samples.founder.nodeID)], family: \(Samples.founder.nodeID)}\n",
            ].map { Array($0.utf8) }
        },
        words: words,
        check: { bytes in
            guard let yaml = String(validating: bytes, as: UTF8.self) else { return false }
            return try claimSettings { () throws(SettingsError) in
                let file = try SettingsFile(yaml: yaml, path: "/data/node.yaml")
                return try Settings(SettingsLayers(overrides: [:], environment: [:], file: file), data: "/data")
            }
        })

    /// Variables and flags: `KEY=value`, one a line; a key in lower case is a flag's.
    private static let environment = Subject(
        name: "environment", limit: 400, shortRun: 1500,
        seeds: {
            [
                "NODE_NAME=kitchen\nNODE_ALLOWANCE=10GB/month\nNODE_SHARE=8GB", "listen=[::]:8080\nlocation=52.5,13.4",
                "NODE_PULSE=1m\nNODE_TRUSTED_PROXIES=10.0.0.0/8,::1\nreplicas=5",
                "disk=0\nopen=true\nprivate=no",
            ].map { Array($0.utf8) }
        },
        words: words.map { $0.replacing(": ", with: "=") } + [
            "NODE_", "NODE_DISK=", "NODE_URL=", "NODE_TRUSTED_PROXIES=",
        ],
        check: { bytes in
            var overrides: [String: String] = [:]
            var environment: [String: String] = [:]
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { continue }
                if Settings.Key(rawValue: parts[0]) != nil {
                    overrides[parts[0]] = parts[1]
                } else {
                    environment[parts[0]] = parts[1]
                }
            }
            return try claimSettings { () throws(SettingsError) in
                try Settings(
                    SettingsLayers(overrides: overrides, environment: environment, file: nil), data: "/data")
            }
        })

    private static func claimSettings(_ read: () throws(SettingsError) -> Settings) throws -> Bool {
        let settings: Settings
        do throws(SettingsError) {
            settings = try read()
        } catch {
            try claimPrintable(error.description, "the error")
            return false
        }
        try claimPrintable(settings.name, "the name")
        try claimPrintable(settings.url ?? "", "the URL")
        try claim(settings.share > .zero && settings.share <= settings.quota.limit, "a share of \(settings.share)")
        try claim(settings.disk.map { $0 >= .zero } ?? true, "a negative disk")
        try claim((settings.url ?? "").utf8.count <= Settings.urlLimit, "a URL too long for a card")
        try claimRules(settings)
        return true
    }

    private static func claimRules(_ settings: Settings) throws {
        let policy = settings.policy
        try claim(policy.longestFile >= .zero, "a longest file of \(policy.longestFile)")
        try claim(
            Policy.publisherPercents.contains(policy.publisherPercent), "a share of \(policy.publisherPercent) percent")
        for type in policy.mediaTypes + policy.deniedMediaTypes { try claimPrintable(type, "a media type") }
        for count in [policy.publishers.count, policy.denied.count, policy.mediaTypes.count] {
            try claim(count <= Settings.listLimit, "a list of \(count)")
        }
        try claim(settings.lists.count <= SettingsRules.listsLimit, "\(settings.lists.count) lists")
        for nodes in settings.lists.values {
            try claim((1...Audience.namedLimit).contains(nodes.count), "a list of \(nodes.count) nodes")
        }
    }

    // MARK: Tables of addresses

    private static let locationDatabase = Subject(
        name: "location-database", limit: 4000, shortRun: 300, seeds: { [] },
        words: [
            "\u{AB}\u{CD}\u{EF}MaxMind.com", "country", "iso_code", "location", "latitude", "node_count", "record_size",
        ],
        check: { bytes in
            let path = try scratch(bytes, "mmdb")
            switch Result(catching: { () throws(GeographyError) in try LocationDatabase(path: path) }) {
            case .success(let database):
                _ = database.precision
                for text in ["192.0.2.1", "203.0.114.9", "2001:db8::1", "::", "255.255.255.255"] {
                    guard let address = IPAddress(text) else { continue }
                    _ = database.place(of: address)
                    try claim(
                        database.country(of: address).map { $0.utf8.count == 2 } ?? true, "a country that is no code")
                }
                return true
            case .failure(let error):
                try claimPrintable("\(error)", "the error")
                return false
            }
        })

    private static let countryTable = Subject(
        name: "country-table", limit: 4000, shortRun: 300,
        seeds: { ["# a\n16777216,16777471,AU\n16777472,16778239,CN\n", "0,4294967295,US"].map { Array($0.utf8) } },
        words: [",", "\n", "\r\n", "4294967295", "4294967296", "??", "DE", "#", "\0"],
        check: { bytes in
            let path = try scratch(bytes, "table")
            switch Result(catching: { () throws(GeographyError) in try CountryTables(four: path, six: nil) }) {
            case .success(let tables):
                for word: UInt32 in [0, 16_777_216, .max] { _ = tables.place(of: .v4(word)) }
                return true
            case .failure(let error):
                try claimPrintable("\(error)", "the error")
                return false
            }
        })

    /// The bytes as a file, which the next ones replace.
    private static func scratch(_ bytes: [UInt8], _ kind: String) throws -> String {
        let path =
            FileManager.default.temporaryDirectory.path(percentEncoded: false) + "potluck-fuzz-\(getpid()).\(kind)"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
