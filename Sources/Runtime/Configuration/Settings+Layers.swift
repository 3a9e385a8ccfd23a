import Catalogue
import Configuration
import Foundation
import Logging
import Primitives

extension Settings {
    /// Reads every layer.
    /// - Parameters:
    ///   - overrides: what the command line said, by the keys of `node.yaml`; a list joined by commas.
    ///   - environment: variables such as `NODE_NAME`; an empty one counts as not set.
    ///   - data: the data directory; its `node.yaml` need not exist.
    public init(
        overrides: [String: String] = [:], environment: [String: String], data: String
    ) throws(SettingsError) {
        let file = try SettingsFile(directory: data)
        try self.init(SettingsLayers(overrides: overrides, environment: environment, file: file), data: data)
    }

    init(_ layers: SettingsLayers, data: String) throws(SettingsError) {
        self.data = data
        name = try layers.value(of: .name, SettingsText.name) ?? SettingsText.hostName()
        listen = try layers.value(of: .listen, SettingsText.listen) ?? Self.listenDefault
        let url = try layers.value(of: .url, NodeURL.init) ?? NodeURL(listeningOn: listen)
        self.url = url?.description
        advertise =
            try layers.value(of: .advertise, HostAndPort.init(_:))
            ?? url.map { [port = listen.port] in HostAndPort(host: $0.authority.host, port: port) }
        isPrivate = try layers.value(of: .isPrivate, SettingsText.flag) ?? listen.address.isLoopback
        location = try layers.value(of: .location, SettingsText.location) ?? nil
        quota = try layers.value(of: .allowance, SettingsText.quota) ?? Self.quotaDefault
        share =
            try layers.value(of: .share, SettingsText.amount) ?? quota.limit.percent(Self.shareDefaultPercent)
        disk = try layers.value(of: .disk) { ByteCount($0) }
        replicas = try layers.value(of: .replicas) { UInt8($0) } ?? 3
        isOpen = try layers.value(of: .isOpen, SettingsText.flag) ?? false
        pulse = try layers.value(of: .pulse, SettingsText.pulse) ?? nil
        geo = try layers.path(of: .geo, relativeTo: data)
        trustedProxies = try layers.values(of: .trustedProxies) { AddressRange($0) }
        policy = layers.file?.rules.policy ?? Policy()
        lists = layers.file?.rules.lists ?? [:]
        log = try layers.value(of: .log) { Logger.Level(rawValue: $0.lowercased()) } ?? .info
        try Self.refuseUnreachable(url, isPrivate, layers)
        if share > quota.limit {
            throw SettingsError(
                layers.source(of: .share) ?? "share",
                "a share of \(share) is more than the allowance of \(quota.limit) per \(quota.period.rawValue); "
                    + "lower the one or raise the other")
        }
    }

    /// Others cannot use the address of a network that they are not in.
    private static func refuseUnreachable(
        _ url: NodeURL?, _ isPrivate: Bool, _ layers: SettingsLayers
    ) throws(SettingsError) {
        guard !isPrivate, let address = url?.authority.address, address.isPrivate else { return }
        throw SettingsError(
            layers.source(of: .url) ?? layers.source(of: .listen) ?? "url",
            "nobody outside can use \(address), which is a private address; write the address that others use with --url, or "
                + "allow private ones with --private")
    }

    static let listenDefault = Endpoint(address: .v4(0), port: 8080)
    static let quotaDefault = Quota(limit: .gigabytes(10), period: .month)

    /// The data directory as an absolute path: the flag, else `NODE_DATA`, else a folder in the home directory.
    public static func dataDirectory(
        override: String? = nil, environment: [String: String]
    ) throws(SettingsError) -> String {
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        if let path = override ?? environment["NODE_DATA"].flatMap({ $0.isEmpty ? nil : $0 }) {
            guard !path.isEmpty else {
                throw SettingsError("--data", "a path is missing; write the directory where this node keeps its files")
            }
            return SettingsText.absolute(path, in: FileManager.default.currentDirectoryPath, home: home)
        }
        guard let home else {
            throw SettingsError("--data", "there is no home directory to keep files in; say which directory to use")
        }
        return home + "/.local/share/potluck"
    }
}

/// The places where a setting can stand, the strongest first.
struct SettingsLayers {
    private var layers: [(provider: any ConfigProvider, origin: Origin)] = []
    private let home: String?
    /// What only the file can say.
    let file: SettingsFile?

    private enum Origin {
        case commandLine, environment
        case file(SettingsFile)
    }

    init(overrides: [String: String], environment: [String: String], file: SettingsFile?) {
        home = environment["HOME"]
        self.file = file
        let values = overrides.map { name, text -> (AbsoluteConfigKey, ConfigValue) in
            guard let key = Settings.Key(rawValue: name) else { preconditionFailure("no setting is called \(name)") }
            let content: ConfigContent =
                key.isList ? .stringArray(text.split(separator: ",").map(String.init)) : .string(text)
            return (AbsoluteConfigKey([name]), ConfigValue(content, isSecret: false))
        }
        layers.append(
            (InMemoryProvider(name: "command line", values: Dictionary(uniqueKeysWithValues: values)), .commandLine))
        let set = environment.filter { !$0.value.isEmpty }
        layers.append(
            (EnvironmentVariablesProvider(environmentVariables: set).prefixKeys(with: "node"), .environment))
        if let file {
            layers.append((InMemoryProvider(name: "node.yaml", values: file.values), .file(file)))
        }
    }

    /// The strongest layer's text, read; nothing when no layer has one.
    func value<Value>(of key: Settings.Key, _ read: (String) -> Value?) throws(SettingsError) -> Value? {
        guard let (content, origin) = try find(key), case .string(let text) = content else { return nil }
        return try self.read(text, as: key, from: origin, read)
    }

    /// The strongest layer's list, each item read; empty when no layer has one.
    func values<Value>(of key: Settings.Key, _ read: (String) -> Value?) throws(SettingsError) -> [Value] {
        guard let (content, origin) = try find(key), case .stringArray(let texts) = content else { return [] }
        guard texts.count <= Settings.listLimit else {
            throw SettingsError(
                name(of: key, in: origin), "a list of \(texts.count) is too long; write at most \(Settings.listLimit)")
        }
        var values: [Value] = []
        for text in texts {
            values.append(try self.read(SettingsText.trimmed(text), as: key, from: origin, read))
        }
        return values
    }

    /// A path, made absolute: in the file it starts from the data directory, elsewhere from the working directory.
    /// Nothing for `auto`.
    func path(of key: Settings.Key, relativeTo data: String) throws(SettingsError) -> String? {
        guard let (content, origin) = try find(key), case .string(let text) = content else { return nil }
        let path = try read(text, as: key, from: origin) { $0.isEmpty ? nil : $0 }
        let start =
            switch origin {
            case .commandLine, .environment: FileManager.default.currentDirectoryPath
            case .file: data
            }
        return path.lowercased() == "auto" ? nil : SettingsText.absolute(path, in: start, home: home)
    }

    /// How to name the place where a setting stands: `"--share"`, `"NODE_SHARE"` or `"/data/node.yaml:12"`.
    func source(of key: Settings.Key) -> String? {
        guard let found = try? find(key) else { return nil }
        return name(of: key, in: found.origin)
    }

    private func find(_ key: Settings.Key) throws(SettingsError) -> (content: ConfigContent, origin: Origin)? {
        let type: ConfigType = key.isList ? .stringArray : .string
        for layer in layers {
            do {
                let found = try layer.provider.value(forKey: AbsoluteConfigKey([key.rawValue]), type: type)
                if let value = found.value { return (value.content, layer.origin) }
            } catch {
                throw SettingsError(name(of: key, in: layer.origin), "the value \(key.complaint)")
            }
        }
        return nil
    }

    private func read<Value>(
        _ text: String, as key: Settings.Key, from origin: Origin, _ read: (String) -> Value?
    ) throws(SettingsError) -> Value {
        guard let value = read(SettingsText.trimmed(text)) else {
            throw SettingsError(name(of: key, in: origin), "“\(SettingsText.excerpt(text))” \(key.complaint)")
        }
        return value
    }

    private func name(of key: Settings.Key, in origin: Origin) -> String {
        switch origin {
        case .commandLine: key.flag
        case .environment: key.environmentVariable
        case .file(let file): file.name(of: key)
        }
    }
}
