internal import CCurl
internal import Glibc

/// The courier's thread: the only one that touches transfers.
final class CourierLoop {
    /// Wakes up this often even when nothing happens; libcurl's own time-outs come earlier by themselves.
    private static let longestWait: Int32 = 1_000

    private let mailbox: CourierMailbox
    private let multi: UnsafeMutableRawPointer
    private let connections = CourierConnections()
    private var transfers: [UInt64: Transfer] = [:]

    init(_ mailbox: CourierMailbox) {
        self.mailbox = mailbox
        multi = mailbox.multi
    }

    func run() {
        while true {
            let mail = mailbox.take()
            for order in mail.orders { start(order) }
            for number in mail.cancellations { cancel(number) }
            if mail.isStopping { break }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect()
            wait()
        }
        for number in transfers.keys.sorted() { end(number, .failure(.stopped)) }
        mailbox.close()
        // It tells of the connections that it ends.
        withExtendedLifetime(connections) { _ = curl_multi_cleanup(multi) }
    }

    private func start(_ order: CourierOrder) {
        do throws(CourierError) {
            let transfer = try Transfer(order, on: connections)
            guard curl_multi_add_handle(multi, transfer.handle) == CURLM_OK else {
                throw .other("libcurl takes no more transfers")
            }
            transfers[order.number] = transfer
        } catch {
            mailbox.finished()
            order.completion(.failure(error))
        }
    }

    private func cancel(_ number: UInt64) {
        // One that ended meanwhile, or was never posted, is none of our business any more.
        if transfers[number] != nil { end(number, .failure(.cancelled)) }
    }

    /// Hands out what has ended.
    private func collect() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let transfer = Transfer.of(handle)
            else { continue }
            end(transfer.number, transfer.outcome(of: curl_result(message)))
        }
    }

    private func end(_ number: UInt64, _ outcome: Result<CourierAnswer, CourierError>) {
        guard let transfer = transfers.removeValue(forKey: number) else { return }
        curl_multi_remove_handle(multi, transfer.handle)
        transfer.leaveConnection()
        mailbox.finished()
        transfer.complete(outcome)
    }

    /// Sleeps until a connection, a paused source or the mailbox has something to say.
    private func wait() {
        let paused = transfers.values.filter { $0.pausedSource != nil }
        var sources = paused.map { transfer in
            curl_waitfd(fd: transfer.pausedSource ?? -1, events: Int16(CURL_WAIT_POLLIN), revents: 0)
        }
        var ready: Int32 = 0
        curl_multi_poll(multi, &sources, UInt32(sources.count), Self.longestWait, &ready)
        for (transfer, source) in zip(paused, sources) where source.revents != 0 { transfer.resume() }
    }
}
