// swift-tools-version: 6.2
import PackageDescription

/// `deploy/fuzz` builds the rooms with coverage counters, and in place of the fuzz tests a program that libFuzzer
/// drives.
let isFuzzing = Context.environment["POTLUCK_FUZZ"] != nil

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // Generic code crosses targets on every hot path; without this it is many times slower.
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
    .unsafeFlags(isFuzzing ? ["-sanitize=fuzzer", "-enable-testing", "-parse-as-library"] : []),
]

let collections: [Target.Dependency] = [
    .product(name: "DequeModule", package: "swift-collections"),
    .product(name: "OrderedCollections", package: "swift-collections"),
]
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

/// The core is lived through in tests for virtual years: it is optimised there too, and still asserts.
let coreSettings =
    settings + [.unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))]

/// One room of the house: sources and settings as everywhere, only the dependencies differ.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A room of the core.
func core(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: coreSettings)
}

/// The tests of a room.
func tests(_ room: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: room + "Tests", dependencies: dependencies, swiftSettings: settings)
}

/// Everything that strangers' bytes reach, fed with nonsense: as tests, or as a program for long campaigns.
func fuzz(_ dependencies: [Target.Dependency]) -> Target {
    isFuzzing
        ? .executableTarget(
            name: "fuzz", dependencies: dependencies, path: "Tests/FuzzTests", exclude: ["Corpus", "Tests"],
            swiftSettings: settings, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])])
        : .testTarget(
            name: "FuzzTests", dependencies: dependencies, exclude: ["Corpus", "Campaign"], swiftSettings: settings)
}

let package = Package(
    name: "potluck",
    products: [.executable(name: "node", targets: ["node"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(
            url: "https://github.com/apple/swift-configuration.git", from: "1.4.0",
            traits: ["YAML", "CommandLineArguments"]),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-structured-headers.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        // The core: pure values, and a world of them.
        core("Primitives", []),
        core("Membership", ["Primitives"]),
        core("Allowance", ["Primitives"]),
        core(
            "Catalogue",
            ["Primitives", crypto, .product(name: "HeapModule", package: "swift-collections")] + collections),
        core("Routing", ["Primitives"]),
        core("Overlay", ["Primitives", "Membership", "Allowance", "Catalogue", "Routing"] + collections),
        core("Simulation", ["Overlay", yams, .product(name: "HeapModule", package: "swift-collections")]),

        // The doors.
        room("Storage", ["Overlay", "CLeaves", "CLinux", crypto, .product(name: "GRDB", package: "GRDB.swift")]),
        room(
            "Transport",
            [
                "Overlay", "CCurl", "CLinux", crypto,
                .product(name: "RawStructuredFieldValues", package: "swift-http-structured-headers"),
            ]
                + nio),
        room("Geography", ["Primitives", "CMaxMindDB"]),
        room("Edge", ["Overlay", "Transport", "CLinux"] + nio),
        room(
            "Console",
            [
                "Overlay", lifecycle, logging, .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
            ]),

        // The whole.
        room(
            "Runtime",
            [
                "Storage", "Transport", "Geography", "Edge", "Console", "CLinux", lifecycle, logging,
                yams, .product(name: "Configuration", package: "swift-configuration"),
            ]),
        .executableTarget(
            name: "node",
            dependencies: [
                "Runtime", "Console", "Catalogue", "Primitives", "Transport", "Simulation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        // C that Swift cannot reach by itself.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CMaxMindDB", pkgConfig: "libmaxminddb", providers: [.apt(["libmaxminddb-dev"])]),
        .target(name: "CLinux"),
        // Hashing is a hundred times slower without optimisation: fast in debug builds too.
        .target(name: "CLeaves", cSettings: [.unsafeFlags(["-O3"])]),

        // Tests, room by room; the network's drives real processes.
        tests("Primitives", ["Primitives"]),
        tests("Membership", ["Membership"]),
        tests("Allowance", ["Allowance"]),
        tests("Catalogue", ["Catalogue", crypto]),
        tests("Routing", ["Routing"]),
        tests("Overlay", ["Overlay", "Simulation"]),
        tests("Simulation", ["Simulation"]),
        tests("Storage", ["Storage", "CLeaves", crypto, .product(name: "GRDB", package: "GRDB.swift")]),
        tests("Transport", ["Transport", "CLinux", crypto] + nio),
        tests("Geography", ["Geography"]),
        tests("Edge", ["Edge", "CLinux"] + nio),
        tests("Console", ["Console", lifecycle, logging]),
        tests("Runtime", ["Runtime"]),
        tests("node", ["node"]),
        tests("Network", ["Geography", "Storage", "Transport", "Edge", "Runtime"]),
        fuzz(["Overlay", "Transport", "Edge", "Geography", "Console", "Runtime"] + nio),
    ],
    swiftLanguageModes: [.v6]
)
