import Allowance
import Catalogue
import Console
import Edge
import Foundation
import Geography
import Logging
import Membership
import Overlay
import Primitives
import Routing
import ServiceLifecycle
import Storage
import Transport

/// Everything of one running node, put together in order: disk, keys, machine, account, doors.
struct RunningNode {
    private let settings: Settings
    private let data: DataDirectory
    private let logger: Logger
    private let clock = MonotonicClock()
    private let database: Database
    private let folder: PieceFolder
    private let identity: Identity
    private let belonging: Belonging
    private let card: OwnCard
    private let atlas: Atlas
    private let overlay: Overlay
    private let terms: Terms
    private let directory: Transport.Directory
    private let inbox = Inbox()
    private let shelf: Shelf
    private let account: Account
    private let scribe: Scribe
    private let troubles: Troubles
    private let leaving = Leaving()

    /// - Parameter isArriving: it is started to join a network.
    init(_ settings: Settings, in data: DataDirectory, isArriving: Bool) throws {
        self.settings = settings
        self.data = data
        var logger = Logger(label: "potluck") { StreamLogHandler(label: $0, stream: LogOutput.standardError) }
        logger.logLevel = settings.log
        self.logger = logger

        troubles = Troubles(logger: logger)
        database = try Database(at: data.databasePath)
        let damage = try database.setDamagedAside()
        if let sentence = damage.sentence(path: data.databasePath) { troubles.raise(.database, sentence) }
        if database.isBehind {
            troubles.raise(
                .database,
                "\(data.databasePath) lacks what was written last, though the account is right; check the disk, and post again "
                    + "what 'node list' does not show.")
        }
        folder = try PieceFolder(at: data.filesPath)
        identity = try Node.identity(in: data, database)
        let reconciliation = Reconciliation(folder: folder, database: database, logger: logger)
        try reconciliation.refuseStrangeFiles(at: data)
        var membership = try Node.membership(of: identity, in: database)
        var restored = try database.load()
        try reconciliation.reconcile(&restored.holdings)

        atlas = try Atlas(settings.geo.map { .path($0) } ?? .auto(dataDirectory: settings.data))
        let reachability = try Reachability(settings, isArriving: isArriving)
        card = OwnCard(
            identity: identity, name: settings.name, endpoints: reachability.endpoints, url: reachability.url,
            place: settings.location
                ?? reachability.endpoints.lazy.compactMap { [atlas] in atlas.place(of: $0.address) }.first,
            share: settings.share)
        let own = try card.signed(for: membership, at: MonotonicClock.wallTime)
        membership.cardVersion = own.value.version
        // Its founder opens a network, not each member; who found it open keeps it so.
        let isOpen = try membership.certificate == nil ? settings.isOpen : database.setting(Joiner.foundOpen) != nil
        belonging = Belonging(
            membership, isOpen: isOpen, seenAs: try database.setting(Joiner.seenAs).flatMap { IPAddress($0) })

        directory = Transport.Directory(founder: membership.founder)
        directory.learn(try database.certificates().map(\.value))
        directory.learn(own)

        terms = Terms(share: settings.share)
        let now = MonotonicClock.wallTime
        let ledger = Ledger(
            terms: terms, period: Self.period(at: now, settings, beside: restored),
            restored: restored.ledger)
        if let sentence = ledger.state.period.warning(at: now) { troubles.raise(.clock, sentence) }
        var random = SystemRandomNumberGenerator()
        var generator = Generator(seed: random.next())
        overlay = Overlay(
            roster: Roster(
                own: own, known: restored.news, lastVersion: restored.lastVersion,
                settings: settings.pulse.map { Roster.Settings(pulse: $0) } ?? Roster.Settings(),
                generator: generator.split()),
            curator: Curator(
                own: identity.nodeID, holdings: restored.holdings, withdrawals: restored.withdrawals,
                owed: restored.owed, denials: restored.denials, policy: settings.policy, generator: generator.split()),
            ledger: ledger, terms: terms)
        let inbox = inbox
        account = Account(
            Leases(terms: terms, spent: ledger.state.leased, durable: ledger.state.leased),
            onLow: { inbox.post(.leaseLow($0)) })
        scribe = Scribe(database: database, troubles: troubles) { [account, troubles] isStuck in
            account.setStuck(isStuck)
            guard isStuck else { return troubles.clear(.account) }
            troubles.raise(
                .account,
                "The account cannot be kept on disk, so clients get no more than was leased before, and are told to come back; "
                    + "put the disk right.")
        }
        shelf = Shelf(folder: folder, inbox: inbox, holdings: restored.holdings, logger: logger, troubles: troubles)
    }

    /// The period that the account begins with. A new one waits for the first reading of the clock by which it is
    /// certain (`TrustedClock`).
    private static func period(at now: WallTime, _ settings: Settings, beside restored: Restored) -> Period {
        if !MonotonicClock.isSynchronised, let stored = restored.ledger?.period { return stored }
        return settings.quota.period.period(containing: now)
    }

    func run(arriving goal: Goal?, _ interruption: Interruption) async throws {
        for sentence in atlas.skipped { logger.warning("\(sentence)") }
        let routing = Edge.RoutingTable(
            Router(own: identity.nodeID, generator: Generator(seed: .random(in: 0 ... .max))))
        let courier = try Courier()
        let client = PeerClient(
            courier: courier, identity: identity, directory: directory, account: account,
            refusesPrivate: !settings.isPrivate, now: { MonotonicClock.wallTime })
        let callbacks = Callbacks(client: client)
        let desk = PeerDesk(
            inbox: inbox, identity: identity, directory: directory, database: database, belonging: belonging,
            shelf: shelf, scribe: scribe, callbacks: callbacks, refusesPrivate: !settings.isPrivate)
        let server = try await server(desk, routing)
        let datagrams = try await listening {
            try await SealedDatagrams.bind(
                to: [server.endpoint], on: EventLoops.shared, identity: identity, directory: directory,
                networkKey: belonging.membership.networkKey, account: account, refusesPrivate: !settings.isPrivate,
                received: { [inbox] in inbox.offer(.datagram($0, from: $1)) })
        }
        callbacks.attach(datagrams)
        // The card's version is shown to others from here on.
        try database.write(belonging.membership)
        let performer = Performer(
            inbox: inbox, identity: identity, directory: directory, account: account, datagrams: datagrams,
            client: client, shelf: shelf,
            fetcher: Fetcher(
                inbox: inbox, directory: directory, client: client, folder: folder, shelf: shelf, troubles: troubles),
            routing: routing, desk: desk, scribe: scribe, leaving: leaving, logger: logger)
        let joiner = Joiner(
            inbox: inbox, client: client, directory: directory, datagrams: datagrams, database: database,
            belonging: belonging, scribe: scribe, card: card, leaving: leaving,
            sighting: Sighting(card, settings))
        let node = OperatorDesk(
            inbox: inbox, identity: identity, directory: directory, database: database, belonging: belonging,
            folder: folder, shelf: shelf, scribe: scribe, account: account, routing: routing, peers: desk,
            joiner: joiner, atlas: atlas, settings: settings, card: card, clock: clock,
            startedAt: MonotonicClock.wallTime, troubles: troubles, server: server, leaving: leaving, initial: overlay)
        let sentinel = Sentinel(
            inbox: inbox, client: client, directory: directory, identity: identity, belonging: belonging,
            sighting: Sighting(card, settings), troubles: troubles)
        let twins = TwinGuard(
            inbox: inbox, client: client, directory: directory, database: database, scribe: scribe,
            belonging: belonging, card: card, account: account, troubles: troubles, clock: clock,
            pulse: settings.pulse ?? TwinGuard.usualPulse)
        try await serve(node, performer, server, routing, [sentinel, twins], arriving: goal, interruption)
        await datagrams.close()
        courier.stop()
        guard leaving.isOver else { return }
        // Nothing more is handed over to be written; what was, comes first.
        await scribe.flush()
        try Node.leave(belonging.membership, identity, data, database, folder)
        logger.notice("Left the network; this node is in one of its own now.")
    }

    private func server(
        _ desk: PeerDesk, _ routing: Edge.RoutingTable
    ) async throws -> PublicServer {
        var limits = EdgeSettings()
        limits.trustedProxies = TrustedProxies(settings.trustedProxies)
        limits.countsFrames = true
        limits.fit(descriptors: Node.descriptorLimit)
        let services = EdgeServices(
            own: identity.nodeID, routing: routing, account: account, files: folder, door: desk, directory: directory,
            verifier: RequestVerifier(
                own: identity.nodeID, directory: directory, run: RequestRun(startedAt: MonotonicClock.wallTime)),
            via: { [belonging] in belonging.via },
            place: { [atlas] in atlas.place(of: $0) }, now: { [clock] in clock.now },
            wallTime: { MonotonicClock.wallTime },
            untilPeriodEnds: { [settings] in
                let now = MonotonicClock.wallTime
                return settings.quota.period.period(containing: now).retryAdvice(at: now)
            },
            greeting: { [settings, identity, belonging] in
                Greeting(
                    name: settings.name, node: identity.nodeID, network: belonging.membership.founder,
                    version: Software.version)
            },
            shortage: { [troubles] number in
                // The disk may have met it since.
                guard let number else { return troubles.clear(.descriptors, after: Rhythm.quiet) }
                troubles.raise(.descriptors, DoorTrouble.shortage(number))
            },
            shut: { [troubles, settings] error in
                guard let error else { return troubles.clear(.door) }
                troubles.raise(.door, DoorTrouble.closed(settings.listen, error))
            },
            unreadable: { [shelf, routing, identity] file, error in
                let known = routing.file(file)
                shelf.unreadable(
                    file, error, isOwn: known?.publisher == identity.nodeID, sha256: known?.sha256)
            })
        return try await listening {
            try await PublicServer.start(
                on: settings.listen, group: EventLoops.shared, services: services, settings: limits)
        }
    }

    private func listening<Door>(_ open: () async throws -> Door) async throws -> Door {
        do {
            return try await open()
        } catch {
            throw SettingsError(sentence: DoorTrouble.closed(settings.listen, error))
        }
    }

    /// Runs the services until the process is told to stop. They stop in reverse: first the doors, then the machine.
    private func serve(
        _ node: OperatorDesk, _ performer: Performer, _ server: PublicServer, _ routing: Edge.RoutingTable,
        _ watches: [any Service], arriving goal: Goal?, _ interruption: Interruption
    ) async throws {
        let driver = Driver(overlay: overlay, inbox: inbox, performer: performer, clock: clock)
        let grace = Grace()
        let doors = Doors(
            server: server, account: account, inbox: inbox, scribe: scribe, grace: grace, logger: logger)
        let rhythm = Rhythm(
            inbox: inbox, folder: folder, server: server, account: account, settings: settings,
            troubles: troubles, scribe: scribe, routing: routing, clock: clock)
        let (opening, opened) = AsyncStream.makeStream(of: Void.self)
        let console = try ConsoleServer(operator: node, dataDirectory: settings.data, logger: logger) {
            opened.finish()
        }
        let arrival = Arrival(
            opening: opening, joiner: node.joiner, goal: goal, card: card, data: settings.data, leaving: leaving,
            unfinished: Leaving.deadline(try database.setting(Leaving.key)), desk: node, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                // Named, since a service without a name is described by all that it holds.
                services: [
                    .init(service: driver, serviceName: "driver"),
                    .init(service: Bounded(service: console, grace: grace), serviceName: "console"),
                    .init(service: rhythm, serviceName: "rhythm"),
                ] + watches.map { .init(service: $0, serviceName: "watch") } + [
                    .init(service: doors, serviceName: "doors"),
                    .init(
                        service: arrival, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup, serviceName: "arrival"),
                ],
                logger: Logger(label: "quiet") { _ in SwiftLogNoOpLogHandler() }))
        rhythm.begin(overlay)
        interruption.begin { Task { await group.triggerGracefulShutdown() } }
        try await group.run()
    }
}
