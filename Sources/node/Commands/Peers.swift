import ArgumentParser
import Console
import Primitives

struct Peers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the members of the network: where they are, whether they answer, what they have to spare.")

    @OptionGroup var reading: ReadingOptions

    func run() async throws {
        try await reading.show(API.Path.peers) { (peers: [PeerView], terminal) in
            terminal.print(Self.table(peers))
            for line in Self.remarks(peers) { terminal.print(line) }
        }
    }

    /// One sentence for each member that was caught lying.
    static func remarks(_ peers: [PeerView]) -> [String] {
        peers.compactMap { peer in
            peer.misdeeds.map { misdeeds in
                "\(FileName.printable(peer.name)) (\(peer.id.short)) was caught at \(Words.misdeeds(misdeeds)), last at "
                    + "\(Words.time(misdeeds.lastAt)); \"node deny \(peer.id)\" keeps the files it posts away from here."
            }
        }
    }

    static func table(_ peers: [PeerView]) -> Table {
        var table = Table([
            .init("NAME", isFlexible: true), .init("STATE"), .init("PLACE"), .init("LEFT", .right),
            .init("SHARE", .right), .init("DISK", .right), .init("ROUND TRIP", .right), .init("URL"), .init("ID"),
        ])
        for peer in peers {
            let state = peer.isThisNode ? "this node" : peer.condition.rawValue
            table.append([
                peer.name, state, peer.place?.description ?? "–", peer.remaining?.description ?? "–",
                peer.share.description, peer.freeDisk?.description ?? "–",
                Words.milliseconds(peer.roundTripMilliseconds), peer.url, peer.id.short.description,
            ])
        }
        return table
    }
}
