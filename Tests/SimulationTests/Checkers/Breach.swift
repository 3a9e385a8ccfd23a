import Allowance
import Catalogue
import Membership
import Overlay
@_spi(Verification) import Primitives
import Routing

@testable import Simulation

/// A rule of the world, and how to break it on purpose.
struct Breach: CustomStringConvertible, Sendable {
    /// The checker that is to notice.
    let checker: String
    /// How, in a few words.
    let description: String
    let commit: @Sendable (inout VirtualNetwork, FileID) -> Void

    init(_ checker: String, _ how: String, _ commit: @escaping @Sendable (inout VirtualNetwork, FileID) -> Void) {
        self.checker = checker
        description = "\(checker): \(how)"
        self.commit = commit
    }
}

extension VirtualNetwork {
    /// Lets a node do something that it did not decide.
    mutating func force(_ action: Overlay::Action, at index: Int) { perform([action], of: currentRun(of: index)) }

    /// What a node's doors are told of another.
    func route(to index: Int, version: UInt64) -> RoutingNode {
        RoutingNode(
            id: nodes[index].id, url: nodes[index].card.value.url, place: nodes[index].place, remaining: .zero,
            share: nodes[index].share, load: 0, isAlive: true, families: .v4, statusVersion: version)
    }

    mutating func runUntilDead(_ index: Int, to observer: Int) {
        run(for: .seconds(86_400)) {
            $0.nodes[observer].process?.overlay.roster[$0.nodes[index].id]?.condition == .dead
        }
    }

    /// The node begins anew with a roster of these settings.
    mutating func rebuild(_ index: Int, _ settings: Roster.Settings) {
        guard let old = nodes[index].process?.overlay else { return }
        let roster = Roster(
            own: nodes[index].card, known: old.roster.news.map { Verified(checked: $0) }, lastVersion: 0,
            settings: settings, generator: nodes[index].chance.split())
        nodes[index].process?.overlay = Overlay(
            roster: roster, curator: old.curator, ledger: old.ledger, terms: Terms(share: nodes[index].share))
        deliver(.start(wallTime), to: currentRun(of: index))
    }
}

extension Breach {
    /// Of everything that is checked with every event; the file was posted by node 0, and has two replicas.
    static let all: [Breach] = money + wires + files + people + members + disks

    private static let money = [
        Breach(Overspending.name, "more leaves than the share") { network, _ in
            let period = network.period(of: 0)
            network.nodes[0].books.add(network.nodes[0].share + ByteCount(1), .serving, in: period, at: network.now)
            network.checkSent(.serving, by: network.currentRun(of: 0), in: period)
        },
        Breach(Overspending.name, "a class takes what is the others'") { network, _ in
            let period = network.period(of: 0)
            let ceiling = Terms(share: network.nodes[0].share).ceiling(.overlay)
            network.nodes[0].books.add(ceiling + ByteCount(1), .overlay, in: period, at: network.now)
            network.checkSent(.overlay, by: network.currentRun(of: 0), in: period)
        },
        Breach(UnleasedBytes.name, "bytes leave that no lease on disk covers") { network, _ in
            let period = network.period(of: 0)
            let leased = network.nodes[0].disk.leases[period.starts]?.serving ?? .zero
            network.nodes[0].books.add(leased + ByteCount(1), .serving, in: period, at: network.now)
            network.checkSent(.serving, by: network.currentRun(of: 0), in: period)
        },
        Breach(ForgottenSpending.name, "a restart counts less than was sent") { network, _ in
            network.checkStart(0, LedgerState(period: network.period(of: 0), leased: .zero))
        },
        Breach(PeriodOrder.name, "a period begins that is not on disk") { network, _ in
            network.checkPeriod(Conditions.period(of: .seconds(60), at: network.wallTime), at: 0)
        },
        Breach(PeriodOrder.name, "a period begins twice") { network, _ in
            network.checkPeriod(network.nodes[0].disk.ledger?.period, at: 0)
            network.checkPeriod(network.nodes[0].disk.ledger?.period, at: 0)
        },
    ]

    private static let wires = [
        Breach(DatagramSize.name, "a datagram is too long") { network, _ in
            network.noteSent(ByteCount(Envelope.limit + 1), payload: Envelope.limit + 1, at: 0)
        },
        Breach(Conservation.name, "datagrams arrive that nobody sent") { network, _ in
            for _ in 0..<1000 { network.noteArrived(ByteCount(100)) }
        },
        Breach(Conservation.name, "a datagram vanishes") { network, _ in
            network.checkers.conservation.noteSent(ByteCount(100))
            network.judge(Conservation.self, network.checkers.conservation.check(found: network.flying))
        },
        Breach(Manners.name, "a node answers what nobody asked") { network, _ in
            network.force(.answer(RequestID(123_456), .table([])), at: 0)
        },
        Breach(Livelock.name, "a node wakes itself again and again at one moment") { network, _ in
            let now = network.now
            for _ in 0...Livelock.limit {
                network.nodes[0].process?.wakeAt = now
                network.wake(network.currentRun(of: 0), at: now)
            }
        },
        Breach(Honesty.name, "a node calls who owns another's URL") { network, _ in
            network.nodes[1].honesty = .namesForeignURL
            network.nodes[0].process?.proven = BitRow(count: 0)
            network.force(.call(CallID(1), .introduce([]), to: network.nodes[1].id), at: 0)
        },
    ]

    private static let files = [
        Breach(MissingBytes.name, "a node serves what it does not have") { network, file in
            network.nodes[0].disk.discard(file)
            network.checkServing(file, 0..<1, from: network.currentRun(of: 0), toClient: false)
        },
        Breach(WholeFiles.name, "a file is called complete that is not") { network, file in
            network.nodes[0].disk.discard(file)
            network.force(.complete(file), at: 0)
        },
        Breach(WholeFiles.name, "a record is there, and its bytes are not") { network, file in
            network.nodes[0].disk.discard(file)
            network.checkStart(0, LedgerState(period: network.period(of: 0), leased: .zero))
        },
        Breach(WholeFiles.name, "pieces are taken for verified that never came") { network, file in
            network.nodes[0].disk.discard(file)
            network.force(.persist([.holding(.pieces(file, Bitfield(count: 4, full: true)))], then: []), at: 0)
        },
        Breach(Copies.name, "a publisher drops what it offers") { network, file in
            network.force(.persist([.holding(.removed(file))], then: []), at: 0)
        },
        Breach(Copies.name, "the last copy is given up") { network, file in
            let holders = network.holders(of: file)
            for index in holders.dropLast() { network.nodes[index].isGone = true }
            network.force(.persist([.holding(.removed(file))], then: []), at: holders[holders.count - 1])
        },
        Breach(Copies.name, "two give up the last copies at one moment") { network, file in
            let holders = network.holders(of: file)
            network.nodes[holders[0]].isGone = true
            for index in holders.dropFirst() {
                network.force(.persist([.holding(.removed(file))], then: []), at: index)
            }
            network.run(for: .seconds(1))
        },
        Breach(Copies.name, "the last copy is given up, which was once damaged and is whole again") { network, file in
            let holders = network.holders(of: file)
            network.deliver(.damaged(file), to: network.currentRun(of: holders[1]))
            network.run(for: .seconds(7200)) { $0.holders(of: file) == holders }
            for index in holders where index != holders[1] { network.nodes[index].isGone = true }
            network.force(.persist([.holding(.removed(file))], then: []), at: holders[1])
        },
        Breach(Copies.name, "the last copy is given up where there was once no room") { network, file in
            let holders = network.holders(of: file)
            network.checkHandled(.noRoom(file), [], at: network.currentRun(of: holders[1]))
            for index in holders where index != holders[1] { network.nodes[index].isGone = true }
            network.force(.persist([.holding(.removed(file))], then: []), at: holders[1])
        },
    ]

    private static let people = [
        Breach(Audiences.name, "a client is sent to who is not vouched for") { network, file in
            network.post(network.manifest(of: file, at: 0), on: 0, audience: .named([network.nodes[0].id]))
            network.run(for: Audiences.patience + .seconds(10))
            let client = VirtualClient(file: file, station: network.nodes[2].station, asked: network.now)
            network.checkRedirect(of: client, from: 0, to: network.nodes[1].id)
        },
        Breach(RedirectChain.name, "a client is sent on a third time") { network, file in
            var client = VirtualClient(file: file, station: network.nodes[2].station, asked: network.now)
            client.tried = [ShortID(1), ShortID(2)]
            network.checkRedirect(of: client, from: 0, to: network.nodes[1].id)
        },
        Breach(RedirectChain.name, "a client is sent where it has been") { network, file in
            var client = VirtualClient(file: file, station: network.nodes[2].station, asked: network.now)
            client.tried = [network.nodes[1].id.short]
            network.checkRedirect(of: client, from: 0, to: network.nodes[1].id)
        },
        Breach(Tombstones.name, "who has heard of a withdrawal offers the file") { network, file in
            guard let posting = network.manifest(of: file, at: 0)?.posting else { return }
            network.withdraw(file, on: 0)
            network.run(for: .seconds(10))
            let index = network.nodes.indices.first { network.nodes[$0].disk.withdrawals[file]?.isEmpty == false }
            network.force(.answer(RequestID(1), .catalogue(.found([posting], []))), at: index ?? 0)
        },
    ]

    private static let members = [
        Breach(Versions.name, "a node repeats a version") { network, _ in
            guard let status = network.nodes[0].process?.overlay.roster.own.status?.value else { return }
            network.force(.sign(.news(.status(status))), at: 0)
        },
        Breach(Versions.name, "somebody's version goes down in another's eyes") { network, _ in
            network.force(.route(.node(network.route(to: 1, version: .max))), at: 0)
            network.force(.route(.node(network.route(to: 1, version: 1))), at: 0)
        },
        Breach(Graves.name, "who is gone comes back without a word") { network, _ in
            guard let overlay = network.nodes[0].process?.overlay else { return }
            let route = network.route(to: 1, version: overlay.roster[network.nodes[1].id]?.status?.value.version ?? 0)
            network.crash(1)
            network.runUntilDead(1, to: 0)
            // As if the years between had not been.
            network.nodes[0].process?.overlay = overlay
            network.force(.route(.node(route)), at: 0)
        },
        Breach(Quorum.name, "somebody is dead on one word of five") { network, _ in
            var settings = Roster.Settings()
            settings.quorum = 1
            network.rebuild(0, settings)
            network.crash(1)
            network.runUntilDead(1, to: 0)
        },
        Breach(TableBounds.name, "a table overflows") { network, file in
            guard let holding = network.nodes[0].disk.holdings[file] else { return }
            let posting = holding.manifest.value.posting
            let records = (0...Curator.Limits().files).compactMap { number in
                Posting(
                    file: FileID(Bytes32(UInt64(number), 0, 0, 0)), publisher: posting.publisher,
                    length: posting.length, name: "one of many", mediaType: posting.mediaType, sha256: .zero,
                    audience: .network, replicas: 1, postedAt: posting.postedAt, expires: nil, sequence: 1)
            }.map { posting in
                let manifest = Manifest(posting: posting, pieces: holding.manifest.value.pieces)
                return Record.holding(
                    .holding(
                        Holding(
                            manifest: Verified(checked: manifest), pieces: Bitfield(count: holding.pieces.count),
                            sha256: nil, isOwn: false)))
            }
            network.force(.persist(records, then: []), at: 0)
            network.run(for: .seconds(1))
            network.deliver(.wake, to: network.currentRun(of: 0))
        },
    ]

    private static let disks = [
        Breach(Durability.name, "a lease is spent before it is on disk") { network, _ in
            network.force(.extend(ClassTotals(serving: .megabytes(500))), at: 0)
        },
        Breach(Durability.name, "bytes go before their record") { network, file in
            network.force(.discard(file), at: 0)
        },
        Breach(Durability.name, "a node says that it has what it has not") { network, file in
            let stranger = network.nodes.indices.first { network.nodes[$0].disk.holdings[file] == nil } ?? 0
            let announcement = Announcement(
                file: file, holder: network.nodes[stranger].id, version: 1, state: .complete)
            network.force(.sign(.announcement(announcement)), at: stranger)
        },
    ]
}
