public import Membership
internal import NIOCore
public import Overlay
internal import Primitives
internal import Synchronization

extension SealedDatagrams {
    /// Whether the member answers at each endpoint of its card, by challenges that are as small as their answers.
    ///
    /// They come from a port of their own. Behind many a firewall, who has sent something to this node's usual port can
    /// be answered from there, although nobody else gets through.
    public func probe(_ card: Card) async -> [Reached.Door] {
        await withTaskGroup(of: (Int, Reached.Door).self) { group in
            for (index, endpoint) in card.endpoints.prefix(Reached.endpointLimit).enumerated() {
                group.addTask { (index, Reached.Door(endpoint, await self.probe(endpoint, of: card))) }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func probe(_ endpoint: Endpoint, of card: Card) async -> Reached.Outcome {
        guard let home = route(to: [endpoint])?.socket,
            let nonce = sessions.withLock({ $0.probes.begin(for: card.nodeID) })
        else { return .untried }
        defer { sessions.withLock { $0.probes.end(nonce) } }
        guard let socket = try? await bindBeside(home), let address = socket.address(of: endpoint) else {
            return .untried
        }
        let (answers, answer) = AsyncStream.makeStream(of: Void.self)
        probing.withLock { $0[nonce] = answer }
        defer { _ = probing.withLock { $0.removeValue(forKey: nonce) } }
        let left = Mutex(0)
        let asking = Task {
            for _ in 0..<EndpointProbes.attempts {
                if sessions.withLock({ $0.mayProbe(endpoint, at: now) }) {
                    let route = Route(socket: socket, address: address, endpoint: endpoint)
                    let isSent = await transmit(.challenge(nonce: nonce, isStale: false), over: route, for: card)
                    if isSent { left.withLock { $0 += 1 } }
                }
                guard (try? await Task.sleep(for: EndpointProbes.patience)) != nil else { break }
            }
            answer.finish()
        }
        var isAnswered = false
        for await _ in answers {
            isAnswered = true
            break
        }
        asking.cancel()
        await asking.value
        try? await socket.channel.close()
        // What never left this machine says nothing of the other.
        return isAnswered ? .answered : left.withLock { $0 } > 0 ? .silent : .untried
    }

    private func bindBeside(_ home: DatagramSocket) async throws -> DatagramSocket {
        try await DatagramSocket.bind(
            to: Endpoint(address: home.endpoint.address, port: 0), onlyIPv6: home.onlyIPv6, on: home.channel.eventLoop
        ) { [self] bytes, source in receive(bytes, from: source) }
    }

    private func transmit(_ parcel: Parcel, over route: Route, for card: Card) async -> Bool {
        await withCheckedContinuation { continuation in
            transmit(parcel, over: route, for: card) { continuation.resume(returning: $0) }
        }
    }
}
