import Foundation
import Glibc
import Primitives
import Transport

/// What the operators of the honest nodes could have seen of an attack: changes of what `node status --json` counts, of
/// who is a member, of the troubles, and lines of the log.
struct Witness: Sendable {
    private let targets: [Target]
    private let courier: Courier

    init(_ targets: [Target], _ courier: Courier) {
        self.targets = targets
        self.courier = courier
    }

    struct Sight: Sendable {
        /// By node, then by path within the status.
        var values: [String: [String: String]] = [:]
        /// How far each log was read.
        var logs: [String: Int] = [:]
    }

    /// What changes without any attack, as paths begin.
    private static let everyday = [
        "remaining", "used", "freeDisk", "stored", "startedAt", "periodEnds", "door.connections",
        "door.memberConnections", "door.responses", "datagrams.sent", "datagrams.received", "datagrams.bytesSent",
        "datagrams.bytesReceived", "files.",
    ]

    /// Every honest node has to answer its operator.
    func look() async throws -> Sight {
        var sight = Sight()
        for target in targets {
            let name = target.node.name
            var request = CourierRequest("GET", "http://node/v1/status")
            request.unixSocket = target.node.directory.appending(path: "node.sock").path(percentEncoded: false)
            request.timeLimit = .seconds(15)
            let answer = try await courier.send(request)
            var values: [String: String] = [:]
            let answered = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
            Self.flatten(answered?["value"] as Any, "", into: &values)
            sight.values[name] = values.filter { key, _ in !Self.everyday.contains { key.hasPrefix($0) } }
            sight.logs[name] = (try? Data(contentsOf: target.node.log).count) ?? 0
        }
        return sight
    }

    /// What became different, as an operator would put it.
    func differences(from before: Sight, to after: Sight) -> String {
        var sums: [String: Int] = [:]
        var changes: [String] = []
        for target in targets {
            let name = target.node.name
            let (old, new) = (before.values[name] ?? [:], after.values[name] ?? [:])
            for key in Set(old.keys).union(new.keys).sorted() where old[key] != new[key] {
                if key.hasPrefix("troubles") {
                    if let value = new[key], key.hasSuffix("sentence") { changes.append("trouble: \(value)") }
                } else if let value = Int(new[key] ?? "0"), let earlier = Int(old[key] ?? "0") {
                    sums[key, default: 0] += value - earlier
                }
            }
        }
        let counts = sums.sorted { $0.key < $1.key }.filter { $0.value != 0 }
            .map { "\($0.key) \($0.value > 0 ? "+" : "")\($0.value)" }
        let lines = targets.flatMap { Self.lines(of: $0.node.log, after: before.logs[$0.node.name] ?? 0) }
        var seen: [String] = []
        for line in lines where !seen.contains(line) { seen.append(line) }
        let log = seen.prefix(3).map { "log: \($0)" } + (seen.count > 3 ? ["log: … \(seen.count - 3) more"] : [])
        let all = counts + changes + log
        return all.isEmpty ? "nothing" : all.joined(separator: "; ")
    }

    /// Without the time, which is first, and without identities.
    private static func lines(of log: URL, after offset: Int) -> [String] {
        guard let data = try? Data(contentsOf: log), data.count > offset else { return [] }
        return String(decoding: data.dropFirst(offset), as: UTF8.self).split(separator: "\n").map { line in
            let text = line.split(separator: " ", omittingEmptySubsequences: true).dropFirst()
                .filter { !$0.hasPrefix("node=") && $0 != "potluck:" && $0 != "potluck" }.joined(separator: " ")
            return String(text.prefix(140))
        }
    }

    private static func flatten(_ value: Any, _ path: String, into values: inout [String: String]) {
        switch value {
        case let object as [String: Any]:
            for (key, inner) in object { flatten(inner, path.isEmpty ? key : "\(path).\(key)", into: &values) }
        case let list as [Any]:
            for (index, inner) in list.enumerated() { flatten(inner, "\(path).\(index)", into: &values) }
        default: values[path] = "\(value)"
        }
    }

    // MARK: The processes

    /// Bytes resident, and the most there ever were.
    static func memory(of process: Int32) -> (resident: Int, peak: Int) {
        let text = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        func value(_ name: String) -> Int {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
            return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
        }
        return (value("VmRSS:"), value("VmHWM:"))
    }
}
