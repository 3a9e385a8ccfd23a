import ArgumentParser
import Foundation
import Runtime

/// The flags that set configuration; each overrides its environment variable, which overrides `node.yaml`.
struct SettingsOptions: ParsableArguments {
    @OptionGroup var data: DataOption

    @Option(help: Self.help(.name, "text"))
    var name: String?

    @Option(help: Self.help(.listen, "ip:port"))
    var listen: String?

    @Option(help: Self.help(.url, "url"))
    var url: String?

    @Option(help: Self.help(.advertise, "host:port"))
    var advertise: String?

    @Flag(name: .customLong("private"), help: Self.help(.isPrivate))
    var isPrivate = false

    @Option(help: Self.help(.location, "place"))
    var location: String?

    @Option(help: Self.help(.allowance, "bytes/period"))
    var allowance: String?

    @Option(help: Self.help(.share, "bytes"))
    var share: String?

    @Option(help: Self.help(.disk, "bytes"))
    var disk: String?

    @Option(help: Self.help(.replicas, "n"))
    var replicas: String?

    @Flag(name: .customLong("open"), help: Self.help(.isOpen))
    var isOpen = false

    @Option(help: Self.help(.pulse, "duration"))
    var pulse: String?

    @Option(help: Self.help(.geo, "path"))
    var geo: String?

    @Option(parsing: .upToNextOption, help: Self.help(.trustedProxies, "cidr"))
    var trustedProxies: [String] = []

    @Option(help: Self.help(.log, "level"))
    var log: String?

    /// What was said on the command line, by the keys of `node.yaml`.
    var overrides: [String: String] {
        var overrides: [Settings.Key: String] = [:]
        overrides[.name] = name
        overrides[.listen] = listen
        overrides[.url] = url
        overrides[.advertise] = advertise
        overrides[.isPrivate] = isPrivate ? "true" : nil
        overrides[.location] = location
        overrides[.allowance] = allowance
        overrides[.share] = share
        overrides[.disk] = disk
        overrides[.replicas] = replicas
        overrides[.isOpen] = isOpen ? "true" : nil
        overrides[.pulse] = pulse
        overrides[.geo] = geo
        overrides[.trustedProxies] = trustedProxies.isEmpty ? nil : trustedProxies.joined(separator: ",")
        overrides[.log] = log
        return [String: String](uniqueKeysWithValues: overrides.map { ($0.key.rawValue, $0.value) })
    }

    /// All layers, read.
    func settings() throws -> Settings {
        try Settings(
            overrides: overrides, environment: ProcessInfo.processInfo.environment, data: try data.directory())
    }

    private static func help(_ key: Settings.Key, _ valueName: String? = nil) -> ArgumentHelp {
        ArgumentHelp("\(key.explanation) [\(key.environmentVariable)]", valueName: valueName)
    }
}
