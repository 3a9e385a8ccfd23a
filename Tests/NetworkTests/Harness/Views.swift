/// What the commands print with `--json`, as far as these tests read it.
enum View {
    struct Status: Decodable, Sendable {
        struct Members: Decodable, Equatable, Sendable {
            var alive: Int
            var suspect: Int
            var dead: Int
            var left: Int
        }

        struct Trouble: Decodable, Equatable, Sendable {
            var kind: String
            var sentence: String
        }

        var id: String
        var url: String
        var network: String
        var members: Members
        var troubles: [Trouble]

        func trouble(_ kind: String) -> String? { troubles.first { $0.kind == kind }?.sentence }
    }

    struct Name: Decodable, Equatable, Sendable {
        var id: String
        var name: String?
    }

    struct Peer: Decodable, Sendable {
        var id: String
        var name: String
        var condition: String
    }

    struct File: Decodable, Sendable {
        struct Copy: Decodable, Sendable {
            var state: String
        }

        var id: String
        var name: String
        var length: Int64
        var copy: Copy
        var replicas: Int
        var standing: String
    }

    struct Detail: Decodable, Sendable {
        struct Holder: Decodable, Sendable {
            var node: Name
            var isComplete: Bool
            var isAlive: Bool
            var isPublisher: Bool
            var place: String?
        }

        var file: File
        var sha256: String?
        var holders: [Holder]
    }

    struct Account: Decodable, Sendable {
        struct Class: Decodable, Sendable {
            var name: String
            var spent: Int64
            var leased: Int64
        }

        var share: Int64
        var spent: Int64
        var periodStarts: String
        var classes: [Class]

        func spent(on name: String) -> Int64 {
            classes.first { $0.name == name }?.spent ?? 0
        }

        /// What a crash would waste of a class.
        func leased(ahead name: String) -> Int64 {
            classes.first { $0.name == name }.map { $0.leased - $0.spent } ?? 0
        }
    }

    /// The answer of `<link>?why`.
    struct Why: Decodable, Sendable {
        var client: String
        var choice: String
        var exclusions: [Exclusion]

        struct Exclusion: Decodable, Sendable {
            var node: String
            var reason: String
        }
    }

    /// What `node simulate --json` tells of a world.
    struct World: Decodable, Sendable {
        struct Spread: Decodable, Sendable {
            var p50: Double
        }

        struct Pulses: Decodable, Sendable {
            var intervalSeconds: Spread
            var meanBytes: Double
        }

        struct Liveness: Decodable, Sendable {
            var firstVerdictSeconds: Spread
            var thirdVerdictSeconds: Spread
        }

        var pulses: Pulses
        var liveness: Liveness
    }
}
