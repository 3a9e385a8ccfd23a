import Allowance
import NIOCore
import Primitives
import Routing
import Transport

/// What a client holds of what its neighbours on the internet share, while it is being served.
struct Allotment {
    /// Nothing for members, and for a trusted proxy that does not say for whom it asks.
    var prefix: AddressRange?
    var holdsPlace: Bool
    var portion: Portions.Portion?
}

// No one party takes all places, nor a node's month (DESIGN, "Fairness").
extension Connection {
    /// Whom a client's requests are counted with.
    func neighbourhood(of client: IPAddress) -> AddressRange? {
        client == peer && settings.trustedProxies.contains(peer) ? nil : client.neighbourhood
    }

    /// Takes what the request needs of its prefix's share; nothing when it was refused.
    func allot(_ request: FileRequest) -> Allotment? {
        guard request.signer == nil else { return Allotment(holdsPlace: false) }
        let prefix = neighbourhood(of: request.client)
        guard house.requests.take(for: prefix) == .taken else {
            house.count(.requestsOfPrefix)
            tooMany(
                after: Self.moment,
                "Too many requests of your network are being answered; come back when some are done.",
                client: request.client)
            return nil
        }
        guard settings.limitsPortions, let prefix else { return Allotment(prefix: prefix, holdsPlace: true) }
        let portion = house.portions.take(
            request.horizon, of: request.file.length, for: prefix, remaining: services.account.usage.remaining,
            at: services.wallTime())
        switch portion {
        case .taken(let portion):
            return Allotment(prefix: prefix, holdsPlace: true, portion: portion)
        case .held:
            tooMany(
                after: Self.moment,
                "Your network is just being sent what one network may have of this node in a day.",
                client: request.client)
        case .served:
            tooMany(
                after: Portions.untilTomorrow(from: services.wallTime()),
                "Your network was sent what one network may have of this node in a day.", client: request.client)
        }
        house.requests.giveBack(for: prefix)
        house.count(.portion)
        return nil
    }

    /// Counts what was sent to the prefix, and keeps an open-ended range's window ahead of that; false when the
    /// prefix's share is used up.
    func slidePortion(of download: Download) -> Bool {
        guard var portion = download.allotment.portion else { return true }
        let rest = Int64(download.payment.rest.count)
        let ahead = download.request.isOpenEnded ? min(rest, Payment.window) : rest
        defer { download.allotment.portion = portion }
        return house.portions.slide(
            &portion, sent: download.bodySent, next: min(rest, Payment.slice), ahead: ahead,
            remaining: services.account.usage.remaining, at: services.wallTime())
    }

    func giveBack(_ allotment: Allotment, sent: Int64) {
        if allotment.holdsPlace { house.requests.giveBack(for: allotment.prefix) }
        if let portion = allotment.portion { house.portions.settle(portion, sent: sent, at: services.wallTime()) }
    }

    func tooMany(after seconds: Int64, _ text: String, client: IPAddress) {
        respond(.tooManyRequests, client: client, text: text) {
            $0.write(field: "Retry-After: ", decimal: seconds)
            $0.write(field: "Cache-Control: ", "no-store")
            $0.write(field: "Access-Control-Allow-Origin: ", "*")
        }
    }
}
