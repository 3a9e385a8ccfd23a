import Edge
import Logging
import Overlay
import ServiceLifecycle
import Transport

/// Keeps the public door open; when the node stops, lets responses end and settles the account.
struct Doors: Service {
    let server: PublicServer
    let account: Account
    let inbox: Inbox
    let scribe: Scribe
    let grace: Grace
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        let report = await server.shutDown(grace: grace.rest)
        if report.cut > 0 { logger.notice("\(report.cut) downloads were cut off.") }
        inbox.post(.stop(account.close()))
        // Handled once this is answered; durable once the scribe is done.
        _ = await inbox.ask { _ in true }
        await scribe.flush()
    }
}
