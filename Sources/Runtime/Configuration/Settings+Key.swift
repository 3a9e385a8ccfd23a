import Catalogue

extension Settings {
    /// What can be set. The raw value is the key in `node.yaml`.
    public enum Key: String, CaseIterable, Sendable {
        case name
        case listen
        case url
        case advertise
        case isPrivate = "private"
        case location
        case allowance
        case share
        case disk
        case replicas
        case isOpen = "open"
        case pulse
        case geo
        case trustedProxies
        case accept
        case deny
        case lists
        case log

        /// `"--trusted-proxies"`; `accept`, `deny` and `lists` stand in the file only.
        public var flag: String {
            "--" + words.joined(separator: "-")
        }

        /// `"NODE_TRUSTED_PROXIES"`.
        public var environmentVariable: String {
            "NODE_" + words.joined(separator: "_").uppercased()
        }

        /// Takes several values: a list in `node.yaml`, joined by commas elsewhere.
        var isList: Bool { self == .trustedProxies }

        /// Has neither flag nor variable.
        var isInFileOnly: Bool { rules != nil }

        /// Which rules it stands for; nothing for what is one value, or a list of them.
        var rules: SettingsRules.Kind? { SettingsRules.Kind.allCases.first { $0.key == self } }

        /// The raw value's words, which it joins in camel case.
        private var words: [String] {
            rawValue.reduce(into: [""]) { words, character in
                if character.isUppercase { words.append("") }
                words[words.count - 1] += character.lowercased()
            }
        }
    }
}

extension Settings.Key {
    /// What it is for and what it is when not set, for somebody who has never heard of Potluck.
    public var explanation: String {
        switch self {
        case .name:
            "What other operators see this node called, up to 64 bytes. Default: the name of this machine."
        case .listen:
            "The IP address and port for downloads (TCP) and for the other nodes (TCP and UDP). Use 0.0.0.0 for every "
                + "IPv4 address of this machine, [::] for IPv6 too. Default: 0.0.0.0:8080."
        case .url:
            "The address of this node as downloaders and other nodes reach it; set it when a proxy or a forwarded port "
                + "stands in front. Default: the address in 'listen', or, where that is every address, this machine's own."
        case .advertise:
            "Where other nodes send datagrams (UDP), if that is not the host of 'url' and the port of 'listen'."
        case .isPrivate:
            "Whether other nodes may have private addresses, such as 192.168.1.2; for networks at home and for trials. "
                + "Default: false, but true when 'listen' is a loopback address."
        case .location:
            "Where this machine stands, so that downloaders nearby are sent here: 'auto', a latitude and longitude, or "
                + "the two letters of a country. Default: auto, worked out from the node's address."
        case .allowance:
            "How much this machine may send per 'month', 'week', 'day' or 'hour' (in UTC; weeks begin on Monday). "
                + "Amounts take decimal (GB) or binary (GiB) units. Default: 10GB/month."
        case .share:
            "How much of the allowance is for the network; the rest stays yours. Potluck never sends more than this. "
                + "Default: 80 % of the allowance."
        case .disk:
            "How much disk the copies of other people's files may fill. Default: 10 % of what is free."
        case .replicas:
            "How many copies beside its own the network should keep of a file posted here. Default: 3."
        case .isOpen:
            "Whether anybody may join this network; otherwise they need an invite. Counts for the node that founds the "
                + "network and for those that let others in. Default: false."
        case .pulse:
            "How often nodes tell each other that they are well: 'auto', or a fixed time from 1s to 600s, for tests. "
                + "Default: auto."
        case .geo:
            "The database that tells where an address is: 'auto', a MaxMind file (*.mmdb), or a folder with the tables "
                + "of Debian's tor-geoipdb. Default: auto, which looks in the data directory and the usual folders."
        case .trustedProxies:
            "Proxies of yours in front of this node, as addresses or blocks: from these, the headers X-Forwarded-For "
                + "and Forwarded are believed. Default: none."
        case .accept:
            "Which files this node takes copies of: of 'publishers' (the 52 letters of nodes), of media 'types' such as "
                + "video/ or application/pdf, up to the 'largest', and of one publisher no more than 'publisherShare' of "
                + "'disk', but always one file; each may be left away. Default: all that the network has, and of one "
                + "publisher \(Policy.publisherPercentDefault) %."
        case .deny:
            "Which files this node never takes copies of: of 'publishers' (the 52 letters of nodes), of media 'types'. "
                + "Default: none."
        case .lists:
            "Lists of nodes (their 52 letters, at most \(Audience.namedLimit) each) that files can be posted for: with "
                + "'node post --to friends' nobody but these nodes gets copies. Default: none."
        case .log:
            "How much to write to the log: trace, debug, info, notice, warning, error or critical. Default: info."
        }
    }

    private static let someNode = String(repeating: "a", count: 52)

    /// A value to show: the default where it can be written down.
    public var example: String {
        switch self {
        case .name: "kitchen"
        case .listen: "0.0.0.0:8080"
        case .url: "http://potluck.example.org:8080"
        case .advertise: "potluck.example.org:8080"
        case .isPrivate: "false"
        case .location: "auto"
        case .allowance: "10GB/month"
        case .share: "8GB"
        case .disk: "20GB"
        case .replicas: "3"
        case .isOpen: "false"
        case .pulse: "auto"
        case .geo: "auto"
        case .trustedProxies: "10.0.0.0/8"
        case .accept: "{largest: 2GB, types: [video/, application/pdf], publisherShare: 20 %}"
        case .deny: "{publishers: [\(Self.someNode)]}"
        case .lists: "{friends: [\(Self.someNode)]}"
        case .log: "info"
        }
    }

    /// How the sentence goes on that begins with what somebody wrote and could not be read.
    var complaint: String {
        switch self {
        case .name:
            "cannot be a name; write 1 to \(Settings.nameLimit) bytes of text on one line"
        case .listen:
            "is not an IP address with a port; write for example 0.0.0.0:8080, 127.0.0.1:8080 or [::]:8080"
        case .url:
            "is not the address of a node; write for example http://potluck.example.org:8080, without a path"
        case .advertise:
            "is not a host with a port; write for example potluck.example.org:8080"
        case .isPrivate, .isOpen:
            "is neither yes nor no; write true or false"
        case .location:
            "is not a place; write auto, a latitude and longitude such as 52.52,13.40, or a country such as DE"
        case .allowance:
            "is not an amount per period of at least \(Settings.quotaMinimum); write for example 10GB/month, 200GiB/week"
                + " or 2GB/day"
        case .share, .disk:
            "is not an amount; write for example 8GB or 500MiB"
        case .replicas:
            "is not a number of copies; write a whole number from 0 to \(UInt8.max)"
        case .pulse:
            "is not a time from 1s to 600s; write for example 1s or 2m, or auto"
        case .geo:
            "is not a path; write the path of a *.mmdb file or of a folder, or auto"
        case .trustedProxies:
            "is not an address or a block of addresses; write for example 192.0.2.1 or 10.0.0.0/8"
        case .accept, .deny:
            "is not what belongs here; write for example “\(line(example))”"
        case .lists:
            "is no node; write the 52 letters of one, as `node status` shows them there"
        case .log:
            "is not a level; write trace, debug, info, notice, warning, error or critical"
        }
    }
}
