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
