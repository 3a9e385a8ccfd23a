import ArgumentParser
import Console
import Foundation
import Runtime

struct Join: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Join another node's network.",
        discussion: """
            <peer> is an invite, as `node invite` prints it on the other side, or for a network that is open to \
            everybody the address of any of its nodes. A node that runs is told; otherwise one is made if there is none, \
            and run, joined, in the foreground.

            Other users of this machine can see the arguments of commands. To keep an invite from them, leave <peer> \
            away and put it into the variable NODE_INVITE, or give - and write it to standard input.

            Examples:
              node join potluck1…
              node join 192.0.2.1:8080
              node join - < invite.txt
            """)

    @Argument(help: "An invite, <host:port>, a URL, or - for standard input. Default: NODE_INVITE.")
    var peer: String?

    @OptionGroup var options: SettingsOptions

    /// Longer than any invite.
    static let peerLimit = 4096

    func run() async throws {
        let peer = try Self.peer(
            peer, environment: ProcessInfo.processInfo.environment, standardInput: { readLine(strippingNewline: true) })
        let daemon = try options.data.daemon()
        guard try await daemon.answers() else {
            return try await Node.join(peer, options.settings(), overrides: options.overrides)
        }
        guard options.overrides.isEmpty else {
            throw Complaint(
                "The node runs already, with the settings it was started with; leave the flags away, or stop it first.")
        }
        let joined: JoinView = try await daemon.tell(API.Path.network, JoinQuestion(peer: peer))
        let members = Words.count(joined.memberCount, "member", "members")
        let name = FileName.printable(joined.peerName)
        Terminal.current.print(
            joined.wasMember
                ? "This node was a member of that network before; it has \(members)."
                : "Joined through \(name): the network has \(members).")
        if let advice = joined.advice { Terminal.current.print(advice) }
    }

    /// What is to be joined, from wherever it was given.
    static func peer(
        _ argument: String?, environment: [String: String], standardInput: () -> String?
    ) throws(Complaint) -> String {
        let text: String?
        switch argument {
        case "-": text = standardInput()
        case let argument?: text = argument
        case nil: text = environment["NODE_INVITE"]
        }
        let peer = (text ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        guard !peer.isEmpty else {
            throw Complaint(
                "Say whose network to join: give an invite or the address of a node as <peer>, in NODE_INVITE, or at the "
                    + "standard input of `node join -`.")
        }
        guard peer.utf8.count <= peerLimit else {
            throw Complaint("That is too long for an invite or an address; copy it again.")
        }
        return peer
    }
}
