public import Primitives

extension Message: WireCodable {
    public func encode(into writer: inout WireWriter) {
        switch self {
        case .pulse(let pulse):
            writer.write(1 as UInt8)
            writer.write(pulse)
        case .pulseReply(let pulse):
            writer.write(2 as UInt8)
            writer.write(pulse)
        case .probe(let number):
            writer.write(3 as UInt8)
            writer.write(number)
        case .probeReply(let number, let coordinate):
            writer.write(4 as UInt8)
            writer.write(number)
            writer.write(optional: coordinate)
        case .indirectProbe(let number, let target):
            writer.write(5 as UInt8)
            writer.write(number)
            writer.write(target)
        case .indirectReply(let number):
            writer.write(6 as UInt8)
            writer.write(number)
        case .suspicion(let number, let version):
            writer.write(7 as UInt8)
            writer.write(number)
            writer.write(version)
        case .buckets(let minute, let hashes):
            precondition(hashes.count == BucketSet.count, "there is a hash for every bucket")
            writer.write(8 as UInt8)
            writer.write(minute)
            for hash in hashes { writer.write(hash) }
        case .rows(let rows):
            writer.write(9 as UInt8)
            writer.write(rows)
        case .tidings:
            writer.write(10 as UInt8)
        case .indirectFailure(let number):
            writer.write(11 as UInt8)
            writer.write(number)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .pulse(try reader.value())
        case 2: self = .pulseReply(try reader.value())
        case 3: self = .probe(number: try reader.uint32())
        case 4: self = .probeReply(number: try reader.uint32(), coordinate: try reader.optional())
        case 5: self = .indirectProbe(number: try reader.uint32(), target: try reader.shortID())
        case 6: self = .indirectReply(number: try reader.uint32())
        case 7: self = .suspicion(number: try reader.uint32(), version: try reader.version())
        case 8:
            let minute = try reader.uint32()
            var hashes: [UInt32] = []
            for _ in 0..<BucketSet.count { hashes.append(try reader.uint32()) }
            self = .buckets(minute: minute, hashes: hashes)
        case 9: self = .rows(try reader.value())
        case 10: self = .tidings
        case 11: self = .indirectFailure(number: try reader.uint32())
        default: throw .malformed("a message of an unknown kind")
        }
    }
}

extension Pulse: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(number)
        writer.write(UInt32(clamping: interval.wholeMilliseconds))
        writer.write(carriage)
        writer.write(acknowledgement)
        writer.write((hasMore ? Self.hasMoreFlag : 0) | (isNeighbour ? Self.isNeighbourFlag : 0))
        for digests in [mentions, wants] {
            writer.write(UInt8(truncatingIfNeeded: digests.count))
            for digest in digests { writer.write(digest) }
        }
        writer.write(minute)
        writer.write(quietHash)
        writer.write(optional: coordinate)
    }

    private static let hasMoreFlag: UInt8 = 1
    private static let isNeighbourFlag: UInt8 = 2

    public init(from reader: inout WireReader) throws(WireError) {
        number = try reader.uint32()
        interval = .milliseconds(try reader.uint32())
        guard interval > .zero, interval <= Self.longestInterval else {
            throw .malformed("a pulse interval outside a millisecond and an hour")
        }
        carriage = try reader.value()
        acknowledgement = try reader.value()
        let flags = try reader.uint8()
        guard flags & ~(Self.hasMoreFlag | Self.isNeighbourFlag) == 0 else { throw .malformed("an unknown flag") }
        hasMore = flags & Self.hasMoreFlag != 0
        isNeighbour = flags & Self.isNeighbourFlag != 0
        mentions = try Self.digests(from: &reader)
        wants = try Self.digests(from: &reader)
        minute = try reader.uint32()
        quietHash = try reader.uint32()
        coordinate = try reader.optional()
    }

    private static func digests(from reader: inout WireReader) throws(WireError) -> [UInt32] {
        let count = Int(try reader.uint8())
        guard count <= digestLimit else {
            throw .tooLong(what: "the digests in a pulse", count: count, limit: digestLimit)
        }
        var digests: [UInt32] = []
        for _ in 0..<count { digests.append(try reader.uint32()) }
        return digests
    }
}

extension Cursor: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(epoch)
        writer.write(short: position)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(epoch: try reader.uint32(), position: try reader.shortUInt64())
    }
}

extension Carriage: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(epoch)
        writer.write(short: after)
        writer.write(short: through - after)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        let epoch = try reader.uint32()
        let after = try reader.shortUInt64()
        let (through, isBeyond) = after.addingReportingOverflow(try reader.shortUInt64())
        guard !isBeyond else { throw .malformed("a stretch of changes beyond all numbers") }
        self.init(epoch: epoch, after: after, through: through)
    }
}

extension BucketSet: WireCodable {
    public func encode(into writer: inout WireWriter) {
        for byte in 0..<32 {
            writer.write((0..<8).reduce(into: 0 as UInt8) { $0 |= contains(UInt8(byte * 8 + $1)) ? 1 << UInt8($1) : 0 })
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init()
        for byte in 0..<32 {
            let bits = try reader.uint8()
            for bit in 0..<8 where bits >> UInt8(bit) & 1 == 1 { insert(UInt8(byte * 8 + bit)) }
        }
    }
}

extension RowDigests: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(minute)
        writer.write(buckets)
        writer.write(isQuestion)
        writer.write(UInt8(truncatingIfNeeded: rows.count))
        for row in rows {
            writer.write(row.id)
            writer.write(row.hash)
        }
    }

    public init(from reader: inout WireReader) throws(WireError) {
        minute = try reader.uint32()
        buckets = try reader.value()
        isQuestion = try reader.bool()
        let count = Int(try reader.uint8())
        guard count <= Self.limit else {
            throw .tooLong(what: "the rows in a datagram", count: count, limit: Self.limit)
        }
        rows = []
        for _ in 0..<count { rows.append(Row(id: try reader.uint32(), hash: try reader.uint32())) }
    }
}
