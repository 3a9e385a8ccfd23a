import Allowance
import CLinux
import Glibc
import NIOCore
import NIOPosix
import Overlay
import Primitives
import Routing
import Transport

/// The file on disk is shorter than it should be.
public struct CutShort: Error {}

/// A response with bytes of a file, under way.
final class Download {
    let request: FileRequest
    let status: Status
    /// Written with the first slice.
    let head: ByteBuffer
    /// Nothing for an empty file.
    let handle: NIOFileHandle?
    var payment: Payment
    /// What its client holds of its neighbourhood's places and bytes.
    var allotment: Allotment
    /// A slice is with the channel, or on its way from the disk.
    var isWriting = false
    var isLoading = false

    init(
        request: FileRequest, status: Status, head: ByteBuffer, handle: NIOFileHandle?, payment: Payment,
        allotment: Allotment
    ) {
        self.request = request
        self.status = status
        self.head = head
        self.handle = handle
        self.payment = payment
        self.allotment = allotment
    }

    /// Bytes of the file that were handed over.
    var bodySent: Int64 { max(0, payment.sent - Int64(head.readableBytes)) }

    func closeHandle() {
        try? handle?.close()
    }
}

// The bytes of files: paid slice by slice, and from the page cache to the socket without passing through here.
extension Connection {
    /// After so many slices that left at once, other connections of the loop get their turn.
    private static let slicesInARow = 4

    /// Whether a response came about.
    enum Sending {
        case begun
        /// The account does not have room for all of it.
        case unaffordable
        /// The disk does not give the file.
        case unreadable
    }

    /// Starts the response, or refuses it, or does nothing.
    func send(_ request: FileRequest, traffic: TrafficClass) -> Sending {
        let status = request.range == .whole ? Status.ok : .partialContent
        guard head.method != .head else {
            respond(bare: status, client: request.client, contentLength: Int64(request.bytes.count)) {
                Self.writeFileFields(request, into: &$0)
            }
            return .begun
        }
        var bytes = channel.allocator.buffer(capacity: 1024)
        bytes.beginHead(status, date: now())
        Self.writeFileFields(request, into: &bytes)
        bytes.endHead(contentLength: Int64(request.bytes.count), keepsAlive: !isLast)
        guard let allotment = allot(request) else { return .begun }
        let payment = Payment(
            head: bytes.readableBytes, body: request.bytes, isOpenEnded: request.isOpenEnded, traffic: traffic,
            cost: cost,
            opening: opening, account: services.account)
        guard var payment else {
            giveBack(allotment, sent: 0)
            return .unaffordable
        }
        endsWithAnswer = false
        let handle: NIOFileHandle?
        do {
            handle = request.bytes.isEmpty ? nil : try open(request)
        } catch {
            payment.settle(services.account)
            giveBack(allotment, sent: 0)
            services.unreadable(request.file.id, error)
            return .unreadable
        }
        flush()
        let download = Download(
            request: request, status: status, head: bytes, handle: handle, payment: payment, allotment: allotment)
        phase = .sending(download)
        pump(download)
        return .begun
    }

    /// A descriptor of a file that is as long as it should be: beyond a file's end, `sendfile` sends nothing, for ever.
    private func open(_ request: FileRequest) throws -> NIOFileHandle {
        let descriptor: Int32
        do {
            descriptor = try services.files.open(request.file.id)
        } catch {
            if let failure = error as? any PieceFilesFailure, failure.lacksDescriptors { house.shed() }
            throw error
        }
        let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: descriptor)
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, Int64(facts.st_size) >= request.bytes.upperBound else {
            try? handle.close()
            throw CutShort()
        }
        return handle
    }

    /// Pays and hands over slices until one waits: for the socket, for the disk, or for its turn.
    private func pump(_ download: Download) {
        for _ in 0..<Self.slicesInARow {
            guard case .sending(let current) = phase, current === download, !download.isWriting, let context else {
                return
            }
            expect(within: settings.stallLimit)
            guard settleWire() else { return close() }
            guard slidePortion(of: download) else {
                house.count(.portion)
                return finish(download, isComplete: false)
            }
            let bound = NIOLoopBound(self, eventLoop: loop)
            let boundDownload = NIOLoopBound(download, eventLoop: loop)
            let loop = loop
            let paid = download.payment.paid
            let step = download.payment.step(services.account) {
                loop.execute { bound.value.pump(boundDownload.value) }
            }
            switch step {
            case .send(let slice, let withHead):
                wire?.pay(download.payment.paid - paid, for: download.payment.traffic)
                download.isWriting = true
                expect(within: max(settings.stallLimit, .seconds(slice.count / settings.leastPace)))
                load(slice, of: download, withHead: withHead, context)
            case .wait:
                let account = services.account
                if download.payment.sent == 0, account.isStuck || account.isSuspended {
                    turnAway(download)
                } else if account.isSuspended, download.payment.traffic == .serving {
                    finish(download, isComplete: false)
                }
                return
            case .done:
                return finish(download, isComplete: true)
            case .exhausted:
                return finish(download, isComplete: false)
            }
        }
        let bound = NIOLoopBound((self, download), eventLoop: loop)
        if !download.isWriting { loop.execute { bound.value.0.pump(bound.value.1) } }
    }

    /// `sendfile` waits for the disk, and with it all connections of the loop would: what is not in memory yet is
    /// brought there by other threads.
    private func load(
        _ slice: Range<Int64>, of download: Download, withHead: Bool, _ context: ChannelHandlerContext
    ) {
        guard let handle = download.handle, !slice.isEmpty,
            let isCached = try? handle.withUnsafeFileDescriptor({
                clinux_is_cached($0, slice.lowerBound, Int64(slice.count)) != 0
            }), !isCached
        else { return write(download, slice, withHead: withHead, context) }
        download.isLoading = true
        let loading = House.loaders.runIfActive(eventLoop: loop) {
            try handle.withUnsafeFileDescriptor { clinux_load($0, slice.lowerBound, Int64(slice.count)) }
        }
        loading.assumeIsolated().whenComplete { _ in
            download.isLoading = false
            guard case .sending(let current) = self.phase, current === download, let context = self.context else {
                return download.closeHandle()
            }
            self.write(download, slice, withHead: withHead, context)
            // Where the socket took everything at once, nobody else goes on.
            if !download.isWriting { self.pump(download) }
        }
    }

    private func write(_ download: Download, _ slice: Range<Int64>, withHead: Bool, _ context: ChannelHandlerContext) {
        let future: EventLoopFuture<Void>
        if let handle = download.handle, !slice.isEmpty {
            if withHead { context.write(wrapOutboundOut(.byteBuffer(download.head)), promise: nil) }
            let region = FileRegion(
                fileHandle: handle, readerIndex: Int(slice.lowerBound), endIndex: Int(slice.upperBound))
            future = context.writeAndFlush(wrapOutboundOut(.fileRegion(region)))
        } else {
            future = context.writeAndFlush(wrapOutboundOut(.byteBuffer(download.head)))
        }
        // Often the socket takes everything at once, and the future has succeeded already: then the caller's loop goes
        // on, and this closure does not, or a fast reader would make the stack grow with the file.
        var isReturned = false
        future.assumeIsolated().whenComplete { result in
            download.isWriting = false
            switch result {
            case .success: if isReturned { self.pump(download) }
            case .failure(let error):
                if let error = error as? IOError, error.errnoCode == EIO {
                    self.services.unreadable(download.request.file.id, error)
                }
                self.close()
            }
        }
        isReturned = true
    }

    private func finish(_ download: Download, isComplete: Bool) {
        end(download, isComplete: isComplete)
        guard isComplete else {
            phase = .idle
            return close()
        }
        finishResponse()
        advance()
    }

    /// The disk takes no leases, or clients get nothing, and nothing of the response was said yet: then that is said.
    private func turnAway(_ download: Download) {
        download.payment.settle(services.account)
        giveBack(download.allotment, sent: 0)
        download.closeHandle()
        phase = .idle
        let client = download.request.client
        if services.account.isSuspended { refuseSuspended(client: client) } else { refuseUnkept(client: client) }
        advance()
    }

    /// The connection ends under the response: what was handed over counts as sent, the rest is given back.
    func abandon(_ download: Download) {
        end(download, isComplete: false)
    }

    private func end(_ download: Download, isComplete: Bool) {
        download.payment.settle(services.account)
        giveBack(download.allotment, sent: download.bodySent)
        log(
            download.status, download.payment.traffic, sent: ByteCount(download.payment.sent), isComplete: isComplete,
            client: download.request.client, signer: download.request.signer)
        if download.isLoading {
            // The thread that reads has the handle's descriptor; what comes after it closes that.
        } else if download.isWriting {
            // A slice that is still with the channel holds the handle's descriptor; it ends before the channel does.
            channel.closeFuture.assumeIsolated().whenComplete { _ in download.closeHandle() }
        } else {
            download.closeHandle()
        }
    }

    // MARK: Fields

    private static func writeFileFields(_ request: FileRequest, into buffer: inout ByteBuffer) {
        let file = request.file
        let presentation = Presentation(name: file.name, mediaType: file.mediaType)
        buffer.write(field: "Content-Type: ", presentation.mediaType.utf8)
        buffer.write(field: "Content-Disposition: ", presentation.disposition.utf8)
        buffer.write(field: "X-Content-Type-Options: ", "nosniff")
        buffer.write(field: "Accept-Ranges: ", "bytes")
        if case .part(let part, _) = request.range {
            buffer.writeStaticString("Content-Range: bytes ")
            buffer.write(decimal: part.lowerBound)
            buffer.writeStaticString("-")
            buffer.write(decimal: part.upperBound - 1)
            buffer.writeStaticString("/")
            buffer.write(decimal: file.length.bytes)
            buffer.writeStaticString("\r\n")
        }
        buffer.writeEntityTag(file.id)
        if let digest = file.sha256 {
            buffer.writeStaticString("Repr-Digest: sha-256=:")
            buffer.write(base64: digest)
            buffer.writeStaticString(":\r\n")
        }
        writeCaching(&buffer)
        writeSharing(&buffer)
    }

    /// The bytes behind a FileID never change; that the file is offered may end within a day.
    static func writeCaching(_ buffer: inout ByteBuffer) {
        buffer.write(field: "Cache-Control: ", "public, max-age=86400, immutable, no-transform")
    }

    /// Pages of any site may read files from here.
    static func writeSharing(_ buffer: inout ByteBuffer) {
        buffer.write(field: "Access-Control-Allow-Origin: ", "*")
        buffer.write(
            field: "Access-Control-Expose-Headers: ",
            "Accept-Ranges, Content-Disposition, Content-Range, ETag, Repr-Digest")
        buffer.write(field: "Cross-Origin-Resource-Policy: ", "cross-origin")
    }
}
