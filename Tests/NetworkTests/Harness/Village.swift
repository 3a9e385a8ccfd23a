import Foundation
import Glibc

/// Houses with a network of their own each, on cables to the first: network namespaces of Linux, with public addresses
/// that lead nowhere else. What comes in at a house can be kept out, as a firewall would.
final class Village: Sendable {
    struct House: Sendable {
        let namespace: String
        let address: String

        /// What a program is started with to run there.
        var command: [String] { [Village.tool, "netns", "exec", namespace] }
    }

    enum Transport: String, Sendable { case tcp, udp }

    fileprivate static let tool = "/usr/sbin/ip"

    /// Why there can be none on this machine.
    static let obstacle: String? = {
        guard FileManager.default.isExecutableFile(atPath: tool) else { return "\(tool) is missing (iproute2)" }
        let name = "potluck-try-\(getpid())"
        guard (try? attempt("netns", "add", name)) == true else { return "no network namespaces here: that takes root" }
        _ = try? attempt("netns", "delete", name)
        return nil
    }()

    let houses: [House]

    private init(_ houses: [House]) { self.houses = houses }

    /// Builds houses for as long as the body runs.
    static func with(_ count: Int, _ body: (Village) async throws -> Void) async throws {
        // Of a block that is nobody's house: what is sent to others than these has no route.
        let village = Village(
            (0..<count).map { House(namespace: "potluck-\(getpid())-\($0)", address: "44.128.\($0).1") })
        do {
            try village.build()
            try await body(village)
        } catch {
            village.tearDown()
            throw error
        }
        village.tearDown()
    }

    private func build() throws {
        for house in houses {
            try run("netns", "add", house.namespace)
            try inside(house, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv4.ip_forward=1")
            try run("-n", house.namespace, "link", "set", "lo", "up")
            try run("-n", house.namespace, "address", "add", "\(house.address)/32", "dev", "lo")
            // Rules for what comes in are to be asked before the table of this machine's own addresses.
            try run("-n", house.namespace, "rule", "add", "pref", "10", "lookup", "local")
            try run("-n", house.namespace, "rule", "delete", "pref", "0")
        }
        for (index, house) in houses.enumerated().dropFirst() {
            try lay("road\(index)", from: houses[0], to: house)
            try run(
                "-n", houses[0].namespace, "route", "add", house.address, "dev", "road\(index)", "src",
                houses[0].address)
            try run(
                "-n", house.namespace, "route", "add", houses[0].address, "dev", "road\(index)", "src", house.address)
            for other in houses.dropFirst() where other.namespace != house.namespace {
                try run(
                    "-n", house.namespace, "route", "add", other.address, "via", houses[0].address, "dev",
                    "road\(index)", "src", house.address)
            }
        }
    }

    /// A cable of that name at both ends.
    func lay(_ name: String, from one: House, to other: House) throws {
        try run(
            "-n", one.namespace, "link", "add", name, "type", "veth", "peer", "name", name, "netns", other.namespace)
        for house in [one, other] { try run("-n", house.namespace, "link", "set", name, "up") }
    }

    func block(_ transport: Transport, _ port: UInt16, of house: House) throws {
        try change("add", transport, port, house)
    }

    func unblock(_ transport: Transport, _ port: UInt16, of house: House) throws {
        try change("delete", transport, port, house)
    }

    private func change(_ verb: String, _ transport: Transport, _ port: UInt16, _ house: House) throws {
        guard let index = houses.firstIndex(where: { $0.namespace == house.namespace }) else { return }
        try run(
            "-n", house.namespace, "rule", verb, "blackhole", "pref", transport == .tcp ? "5" : "6", "iif",
            "road\(index)",
            "ipproto", transport.rawValue, "dport", "\(port)")
    }

    /// Packets that have left a house by a cable so far.
    func sent(by cable: String, of house: House) throws -> Int {
        let text = try inside(house, "cat", "/sys/class/net/\(cable)/statistics/tx_packets")
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
    }

    @discardableResult
    func inside(_ house: House, _ command: String...) throws -> String {
        try Self.perform(Array(house.command.dropFirst()) + command)
    }

    func run(_ arguments: String...) throws { try Self.perform(arguments) }

    private func tearDown() {
        for house in houses { _ = try? Self.attempt("netns", "delete", house.namespace) }
    }

    private static func attempt(_ arguments: String...) throws -> Bool {
        do {
            try perform(arguments)
            return true
        } catch is NeverHappened {
            return false
        }
    }

    @discardableResult
    private static func perform(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw NeverHappened(description: "ip \(arguments.joined(separator: " ")): \(text)")
        }
        return text
    }
}
