import Catalogue
import Foundation
import Logging
import Primitives
import Testing

@testable import Runtime

/// Reads settings whose file is only text.
private func read(
    _ overrides: [String: String] = [:], environment: [String: String] = [:], yaml: String? = nil
) throws(SettingsError) -> Settings {
    let file: SettingsFile? =
        if let yaml { try SettingsFile(yaml: yaml, path: "/data/node.yaml") } else { nil }
    return try Settings(SettingsLayers(overrides: overrides, environment: environment, file: file), data: "/data")
}

private func complaint(
    _ overrides: [String: String] = [:], environment: [String: String] = [:], yaml: String? = nil
) -> String? {
    do throws(SettingsError) {
        _ = try read(overrides, environment: environment, yaml: yaml)
        return nil
    } catch {
        return error.description
    }
}

@Suite struct `Settings that nobody touched` {
    @Test("are those of the manual")
    func defaults() throws {
        let settings = try read()
        #expect(settings.data == "/data")
        #expect((1...Settings.nameLimit).contains(settings.name.utf8.count))
        #expect(settings.listen == Endpoint("0.0.0.0:8080"))
        #expect(settings.url == nil)
        #expect(settings.advertise == nil)
        #expect(!settings.isPrivate)
        #expect(settings.location == nil)
        #expect(settings.quota == Settings.Quota(limit: .gigabytes(10), period: .month))
        #expect(settings.share == .gigabytes(8))
        #expect(settings.disk == nil)
        #expect(settings.replicas == 3)
        #expect(!settings.isOpen)
        #expect(settings.pulse == nil)
        #expect(settings.geo == nil)
        #expect(settings.trustedProxies == [])
        #expect(settings.policy == Policy())
        #expect(settings.log == .info)
    }

    @Test("follow from others")
    func derived() throws {
        let settings = try read(["listen": "127.0.0.1:9000", "allowance": "50MB/day"])
        #expect(settings.isPrivate)
        #expect(settings.url == "http://127.0.0.1:9000")
        #expect(settings.advertise == HostAndPort("127.0.0.1:9000"))
        #expect(settings.share == .megabytes(40))

        let behindProxy = try read(["listen": "[::]:9000", "url": "https://Potluck.example.org/"])
        #expect(behindProxy.url == "https://potluck.example.org")
        #expect(behindProxy.advertise == HostAndPort("potluck.example.org:9000"))
        #expect(!behindProxy.isPrivate)

        let onSix = try read(["listen": "[::1]:9000"])
        #expect(onSix.url == "http://[::1]:9000")
        #expect(onSix.advertise == HostAndPort("[::1]:9000"))
    }

    @Test("leave a tenth of the free disk to copies, and no less after a restart")
    func diskBudget() throws {
        #expect(try read().diskBudget(free: .gigabytes(100), held: .zero) == .gigabytes(10))
        #expect(try read().diskBudget(free: .gigabytes(90), held: .gigabytes(10)) == .gigabytes(10))
        #expect(try read(["disk": "3GB"]).diskBudget(free: .gigabytes(90), held: .zero) == .gigabytes(3))
    }
}

@Suite struct `Layers of settings` {
    @Test("take precedence: command line, environment, file")
    func precedence() throws {
        let yaml = "name: file\nreplicas: 1\nlocation: DE\n"
        let environment = ["NODE_NAME": "environment", "NODE_REPLICAS": "2", "NODE_LISTEN": "", "NODE_OPTIONS": "x"]
        let settings = try read(["name": "flag"], environment: environment, yaml: yaml)
        #expect(settings.name == "flag")
        #expect(settings.replicas == 2)
        #expect(settings.location == Country.place(of: "DE"))
        #expect(settings.listen == Settings.listenDefault)
    }

    @Test("read every setting alike from each", arguments: [0, 1, 2])
    func everySetting(layer: Int) throws {
        let values = [
            "name": "Küche", "listen": "192.0.2.7:80", "url": "http://192.0.2.8", "advertise": "example.org:81",
            "private": "yes", "location": "52.52, 13.40", "allowance": "2 TiB/week", "share": "1.5TB", "disk": "0",
            "replicas": "0", "open": "TRUE", "pulse": "1.5s", "geo": "/geo/x.mmdb",
            "trustedProxies": "127.0.0.0/8, 2001:db8::/32", "log": "Debug",
        ]
        #expect(Set(values.keys) == Set(Settings.Key.allCases.filter { !$0.isInFileOnly }.map(\.rawValue)))
        let keyed = try values.map { name, text in (try #require(Settings.Key(rawValue: name)), text) }
        let settings =
            switch layer {
            case 0: try read(values)
            case 1: try read(environment: Dictionary(uniqueKeysWithValues: keyed.map { ($0.environmentVariable, $1) }))
            default: try read(yaml: keyed.map { $0.line($1) }.joined(separator: "\n"))
            }
        #expect(settings.name == "Küche")
        #expect(settings.listen == Endpoint("192.0.2.7:80"))
        #expect(settings.url == "http://192.0.2.8")
        #expect(settings.advertise == HostAndPort("example.org:81"))
        #expect(settings.isPrivate)
        #expect(settings.location == Place(latitude: 52.52, longitude: 13.40))
        #expect(settings.quota == Settings.Quota(limit: ByteCount(2 << 40 as Int64), period: .week))
        #expect(settings.share == ByteCount(1_500_000_000_000 as Int64))
        #expect(settings.disk == .zero)
        #expect(settings.replicas == 0)
        #expect(settings.isOpen)
        #expect(settings.pulse == .milliseconds(1500))
        #expect(settings.geo == "/geo/x.mmdb")
        #expect(settings.trustedProxies.map(\.description) == ["127.0.0.0/8", "2001:db8::/32"])
        #expect(settings.log == .debug)
    }

    @Test("let only the file say whose files are taken in")
    func policy() throws {
        let node = String(repeating: "a", count: 52)
        let yaml = """
            accept: {types: [Video/, application/pdf], largest: 2GB, publishers: [\(node)], publisherShare: 25 %}
            deny:
              publishers: \(node)
              types: [audio/]
            lists: {friends: [\(node)], family: [\(node)]}
            """
        let settings = try read(environment: ["NODE_ACCEPT": "audio/", "NODE_DENY": "nobody"], yaml: yaml)
        let publisher = try #require(NodeID(node))
        #expect(
            settings.policy
                == Policy(
                    longestFile: .gigabytes(2), mediaTypes: ["video/", "application/pdf"], publishers: [publisher],
                    denied: [publisher], deniedMediaTypes: ["audio/"], publisherPercent: 25))
        #expect(try read(yaml: "accept: {largest: 2GB}").policy.publisherPercent == 10)
        #expect(settings.lists == ["friends": [publisher], "family": [publisher]])
    }

    @Test(
        "are refused with the line of the word that is wrong",
        arguments: [
            ("accept:\n  types: [videos]", "/data/node.yaml:2: accept: “videos” is not what belongs here; write"),
            ("accept:\n  largest: big", "/data/node.yaml:2: accept: “big” is not what belongs here; write"),
            ("accept:\n  largest: [1GB, 2GB]", "/data/node.yaml:2: accept: one value is wanted here"),
            (
                "accept:\n  largest: 2GB\n  publisherShare: 0 %",
                "/data/node.yaml:3: accept: “0 %” is not a share of the disk; write 1 % to 100 %."
            ),
            ("accept: {publisherShare: 101%}", "/data/node.yaml:1: accept: “101%” is not a share of the disk; write"),
            ("accept: {publisherShare: 10}", "/data/node.yaml:1: accept: “10” is not a share of the disk; write"),
            ("accept: {publisherShare: 1GB}", "/data/node.yaml:1: accept: “1GB” is not a share of the disk; write"),
            (
                "accept: {publisherShare: 99999999999999999999 %}",
                "/data/node.yaml:1: accept: “99999999999999999999 %” is"
            ),
            ("accept: {publisherShare: [1 %, 2 %]}", "/data/node.yaml:1: accept: one value is wanted here"),
            ("accept: {sizes: 2GB}", "/data/node.yaml:1: accept: “sizes” is not known here; write"),
            ("\naccept: [video/]", "/data/node.yaml:2: accept: a name for each value is missing; write"),
            ("\ndeny: {publishers: [me]}", "/data/node.yaml:2: deny: “me” is not what belongs here; write"),
            ("deny:", "/data/node.yaml:1: deny: a value is missing; write"),
            ("lists:\n  friends:\n  - me", "/data/node.yaml:3: lists: “me” is no node; write"),
            ("lists:\n  friends: []", "/data/node.yaml:2: lists: “friends” has 0 nodes; write 1 to 64"),
            ("lists: friends", "/data/node.yaml:1: lists: a name for each value is missing; write"),
            ("name: a\nlists: {a: b, a: c}", "/data/node.yaml:2: “a” stands here for the second time; keep one"),
        ])
    func badRules(yaml: String, start: String) {
        let sentence = complaint(yaml: yaml)
        #expect(sentence?.hasPrefix(start) == true, "\(sentence ?? "")")
        #expect(sentence?.hasSuffix(".") == true)
    }

    @Test("hold no list that is longer than a posting can name")
    func longLists() {
        let node = String(repeating: "a", count: 52)
        let nodes = Array(repeating: node, count: 65).joined(separator: ", ")
        #expect(complaint(yaml: "lists: {all: [\(nodes)]}")?.contains("“all” has 65 nodes; write 1 to 64") == true)
        let lists = (0..<65).map { "l\($0): [\(node)]" }.joined(separator: ", ")
        #expect(complaint(yaml: "lists: {\(lists)}")?.contains("65 lists are too many") == true)
    }

    @Test("name flags and variables after the key")
    func names() {
        #expect(Settings.Key.trustedProxies.flag == "--trusted-proxies")
        #expect(Settings.Key.trustedProxies.environmentVariable == "NODE_TRUSTED_PROXIES")
        #expect(Settings.Key.isPrivate.flag == "--private")
        #expect(Settings.Key.isPrivate.environmentVariable == "NODE_PRIVATE")
    }

    @Test("keep Norway a country, and a path in the file inside the data directory")
    func textStaysText() throws {
        #expect(try read(yaml: "location: NO").location == Country.place(of: "NO"))
        #expect(try read(yaml: "name: 1e3").name == "1e3")
        #expect(try read(yaml: "geo: city.mmdb").geo == "/data/city.mmdb")
        #expect(try read(yaml: "trustedProxies:\n- 10.0.0.1\n- 10.1.0.0/16").trustedProxies.count == 2)
        #expect(try read(yaml: "# nothing but a remark\n").replicas == 3)
        #expect(try read(yaml: "").replicas == 3)
        #expect(try read(yaml: "pulse: auto\ngeo: AUTO\nlocation: Auto").pulse == nil)
    }
}

@Suite struct `Settings that cannot be` {
    @Test(
        "are refused in one sentence that names their place",
        arguments: [
            ("name", ""), ("name", String(repeating: "x", count: 65)), ("name", "a\tb"),
            ("listen", "8080"), ("listen", "localhost:8080"), ("listen", "0.0.0.0:0"), ("listen", "0.0.0.0:99999"),
            ("url", "example.org"), ("url", "ftp://example.org"), ("url", "http://example.org/path"),
            ("url", "http://user@example.org"), ("url", "http://"), ("url", "http://example.org:0"),
            ("url", "http://1.2.3"), ("advertise", "example.org"), ("advertise", "::1:80"), ("private", "maybe"),
            ("location", "Berlin"), ("location", "91,0"), ("location", "1,2,3"), ("location", "D1"), ("location", "XX"),
            ("allowance", "10GB"), ("allowance", "10GB/fortnight"), ("allowance", "50/month"), ("allowance", "/month"),
            ("allowance", "-5GB/month"), ("allowance", "99999999PB/month"), ("share", "80%"), ("share", "0"),
            ("share", "ten"), ("disk", "-1"), ("disk", "much"), ("replicas", "-1"), ("replicas", "256"),
            ("replicas", "2.5"), ("open", "1"), ("pulse", "1"), ("pulse", "0.5s"), ("pulse", "11m"), ("pulse", "nan s"),
            ("pulse", "9999999999999999h"), ("trustedProxies", "10.0.0.0/33"), ("trustedProxies", "10.0.0.0/8,proxy"),
            ("trustedProxies", "10.0.0.0/"), ("log", "loud"),
        ])
    func badValues(name: String, text: String) throws {
        let key = try #require(Settings.Key(rawValue: name))
        let fromFlag = try #require(complaint([name: text]))
        #expect(fromFlag.hasPrefix("\(key.flag): “"))
        let fromFile = try #require(complaint(yaml: "# one\n\n" + key.line(text)))
        #expect(fromFile.hasPrefix("/data/node.yaml:3: \(name): "))
        if !text.isEmpty {
            let fromEnvironment = try #require(complaint(environment: [key.environmentVariable: text]))
            #expect(fromEnvironment.hasPrefix("\(key.environmentVariable): “"))
        }
        for sentence in [fromFlag, fromFile] {
            #expect(sentence.hasSuffix(".") && !sentence.contains("\n"))
            #expect(sentence.contains("write"))
        }
    }

    @Test(
        "are refused with the line of the file",
        arguments: [
            (
                "name: a\nalowance: 5GB/month",
                "/data/node.yaml:2: there is no setting “alowance”; did you mean “allowance”?"
            ),
            (
                "name: a\nname: b",
                "/data/node.yaml:2: “name” stands here for the second time; keep one of them."
            ),
            ("just a sentence", "/data/node.yaml:1: settings are written one a line, such as “name: kitchen”."),
            ("- name\n- listen", "/data/node.yaml:1: settings are written one a line, such as “name: kitchen”."),
            (
                "\nname:\n  first: a",
                "/data/node.yaml:2: name: one value is wanted here; write for example “name: kitchen”."
            ),
            ("name: [a, b]", "/data/node.yaml:1: name: one value is wanted here; write for example “name: kitchen”."),
            ("disk:\n", "/data/node.yaml:1: disk: a value is missing; write for example “disk: 20GB”."),
            ("disk: ~", "/data/node.yaml:1: disk: a value is missing; write for example “disk: 20GB”."),
            (
                "trustedProxies: [[10.0.0.1]]",
                "/data/node.yaml:1: trustedProxies: every item of the list is one value; "
                    + "write “trustedProxies: [\"10.0.0.0/8\"]”."
            ),
            ("[a]: b", "/data/node.yaml:1: a key is one word; see the comments that “node init” writes."),
        ])
    func badFiles(yaml: String, expected: String) {
        #expect(complaint(yaml: yaml) == expected)
    }

    @Test("include what only later versions know", arguments: ["daily", "rate", "counts", "tls", "timeZone"])
    func unknownKeys(key: String) throws {
        let sentence = try #require(complaint(yaml: "name: a\n\(key): x"))
        #expect(sentence.hasPrefix("/data/node.yaml:2: there is no setting “\(key)”; "))
    }

    @Test("include text that is not YAML", arguments: ["name: \"a", "name: a\n\tlisten: b", "{", "name: a: b", "%x"])
    func notYAML(text: String) throws {
        let sentence = try #require(complaint(yaml: text))
        #expect(sentence.hasPrefix("/data/node.yaml:"))
        #expect(sentence.contains("not YAML") && !sentence.contains("\n"))
    }

    @Test("include a share above the allowance, wherever the two stand")
    func contradiction() {
        #expect(
            complaint(["share": "9GB"], yaml: "allowance: 8GB/month")
                == "--share: a share of 9.00 GB is more than the allowance of 8.00 GB per month; "
                + "lower the one or raise the other.")
        #expect(
            complaint(["allowance": "8GB/month"], yaml: "\nshare: 9GB")?.hasPrefix("/data/node.yaml:2: share") == true)
        #expect(complaint(["share": "8GB", "allowance": "8GB/day"]) == nil)
    }

    @Test(
        "include addresses that nobody outside can use",
        arguments: ["http://127.0.0.1:8080", "http://192.168.1.2", "http://[fd00::1]:8080", "http://0.0.0.0:80"])
    func privateAddresses(url: String) {
        #expect(complaint(["url": url])?.hasPrefix("--url: nobody outside can use ") == true)
        #expect(complaint(yaml: "\nurl: \"\(url)\"")?.hasPrefix("/data/node.yaml:2: url: nobody outside") == true)
        #expect(complaint(["url": url, "private": "true"]) == nil)
        #expect(complaint(["listen": "10.1.2.3:8080"])?.hasPrefix("--listen: nobody outside") == true)
    }

    @Test("are quoted on one line that no terminal stumbles over")
    func quoted() throws {
        for text in ["a\tb", "a\u{7}b", "a\r\nb", "a\u{85}b", "a\u{2028}b", "a\u{202E}b"] {
            let sentence = try #require(complaint(["location": text]))
            #expect(sentence.isPrintable, "\(sentence.debugDescription)")
        }
        let accents = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(try #require(complaint(["location": accents])).utf8.count < 1000)
    }

    @Test(
        "are no name where other nodes would refuse the card",
        arguments: ["a\u{85}b", "a\u{2028}b", "a\u{202E}b", "a\tb"])
    func unreadableName(name: String) {
        #expect(complaint(["name": name]) != nil)
    }

    @Test("include more proxies than anybody has")
    func tooManyProxies() {
        let many = Array(repeating: "10.0.0.1", count: Settings.listLimit + 1)
        #expect(complaint(["trustedProxies": many.joined(separator: ",")])?.contains("too long") == true)
        #expect(complaint(["trustedProxies": many.dropLast().joined(separator: ",")]) == nil)
    }
}

@Suite struct `A data directory` {
    private func inDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: path) }
        try body(path.path(percentEncoded: false))
    }

    @Test("is found by flag, then by environment, then at home")
    func dataDirectory() throws {
        let environment = ["NODE_DATA": "/from/environment/", "HOME": "/home/me"]
        let here = FileManager.default.currentDirectoryPath
        #expect(try Settings.dataDirectory(override: "/from/flag", environment: environment) == "/from/flag")
        #expect(try Settings.dataDirectory(override: "a/../b", environment: environment) == here + "/b")
        #expect(try Settings.dataDirectory(override: "~/x", environment: environment) == "/home/me/x")
        #expect(try Settings.dataDirectory(environment: environment) == "/from/environment")
        #expect(try Settings.dataDirectory(environment: ["HOME": "/home/me"]) == "/home/me/.local/share/potluck")
        #expect(throws: SettingsError.self) { try Settings.dataDirectory(environment: [:]) }
        #expect(throws: SettingsError.self) { try Settings.dataDirectory(override: "", environment: environment) }
    }

    @Test("may have no node.yaml, or one that is read")
    func files() throws {
        try inDirectory { directory in
            #expect(try Settings(environment: [:], data: directory).replicas == 3)
            try Data("replicas: 5".utf8).write(to: URL(filePath: directory + "/node.yaml"))
            #expect(try Settings(environment: [:], data: directory).replicas == 5)
        }
    }

    @Test("with a node.yaml that is no text, or endless, is refused")
    func badFiles() throws {
        try inDirectory { directory in
            let path = directory + "/node.yaml"
            try Data([0x6E, 0xFF, 0xFE]).write(to: URL(filePath: path))
            #expect(throws: SettingsError(path, "the file is not text in UTF-8; save it as such")) {
                try Settings(environment: [:], data: directory)
            }
            try Data(repeating: 0x23, count: SettingsFile.sizeLimit + 1).write(to: URL(filePath: path))
            #expect(throws: SettingsError(path, "the file is larger than 256 KiB; it should hold settings only")) {
                try Settings(environment: [:], data: directory)
            }
        }
    }
}

@Suite struct `The file that init writes` {
    @Test("explains every key, and is valid as it is")
    func untouched() throws {
        let text = try Settings.file(overrides: [:])
        for key in Settings.Key.allCases {
            #expect(text.contains("\n#\(key.rawValue): "))
            #expect(text.contains("(\(key.flag), \(key.environmentVariable))") == !key.isInFileOnly)
        }
        #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("#") && $0.count <= 102 })
        #expect(try read(yaml: text) == read())
    }

    @Test("is valid, too, with every key taken into use")
    func uncommented() throws {
        let lines = try Settings.file(overrides: [:]).split(separator: "\n", omittingEmptySubsequences: false)
        let used = lines.map { line in
            Settings.Key.allCases.contains { line.hasPrefix("#\($0.rawValue): ") } ? line.dropFirst() : line
        }
        let settings = try read(yaml: used.joined(separator: "\n"))
        #expect(settings.name == "kitchen")
        #expect(settings.quota == Settings.quotaDefault)
        #expect(settings.share == .gigabytes(8))
        #expect(settings.replicas == 3)
        #expect(settings.trustedProxies.map(\.description) == ["10.0.0.0/8"])
        #expect(settings.policy.mediaTypes == ["video/", "application/pdf"])
        #expect(settings.lists.keys.sorted() == ["friends"])
    }

    @Test("holds what the command line said, whatever it is made of")
    func overrides() throws {
        let names = [
            "plain", "# not a remark", "a: b", "\"quoted\"", "back\\slash", "'", "- x", "yes", "~", "null", "1e3",
            "日本語", "🍲", "{a}", "trailing:", "a #b", "%", "@x", "*a", "&a", "!t", "| x", "> x", "a, b", "\u{85}x",
        ]
        for name in names where SettingsText.name(name) != nil {
            let overrides = [
                "name": name, "listen": "[::1]:9000", "trustedProxies": "::1, 127.0.0.0/8", "allowance": "50MB/month",
            ]
            let text = try Settings.file(overrides: overrides)
            #expect(try read(yaml: text) == read(overrides), "\(name)")
        }
    }

    @Test("is not written from settings that cannot be")
    func badOverrides() {
        #expect(throws: SettingsError.self) { try Settings.file(overrides: ["allowance": "much"]) }
        #expect(throws: SettingsError.self) { try Settings.file(overrides: ["share": "11GB"]) }
    }
}

@Suite struct `A host and a port` {
    @Test(
        "read back as they are written",
        arguments: ["example.org:8080", "192.0.2.1:1", "[2001:db8::1]:65535", "a:1", "x-1.example:80"])
    func roundTrip(text: String) {
        #expect(HostAndPort(text)?.description == text)
    }

    @Test(
        "are nothing where they are not",
        arguments: [
            "", ":", "a", "a:", ":1", "a:0", "a:65536", "a:+1", "a:1:2", "[::1]", "[a]:1", "[::1]1", "[::1:1", "-a:1",
            "a-:1", "a..b:1", "a b:1", "1.2.3:1", "1.2.3.4.5:1", "a/b:1", "ä:1",
            String(repeating: "a", count: 64) + ":1",
        ])
    func malformed(text: String) {
        #expect(HostAndPort(text) == nil)
    }
}
