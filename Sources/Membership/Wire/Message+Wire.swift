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
        case .differing(let buckets):
            writer.write(9 as UInt8)
            writer.write(buckets)
        case .indirectFailure(let number):
            writer.write(10 as UInt8)
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
        case 9: self = .differing(try reader.value())
        case 10: self = .indirectFailure(number: try reader.uint32())
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
        writer.write(hasMore)
        writer.write(minute)
        writer.write(quietHash)
        writer.write(optional: coordinate)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        number = try reader.uint32()
        interval = .milliseconds(try reader.uint32())
        guard interval > .zero, interval <= Self.longestInterval else {
            throw .malformed("a pulse interval outside a millisecond and an hour")
        }
        carriage = try reader.value()
        acknowledgement = try reader.value()
        hasMore = try reader.bool()
        minute = try reader.uint32()
        quietHash = try reader.uint64()
        coordinate = try reader.optional()
    }
}

extension Cursor: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(epoch)
        writer.write(position)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(epoch: try reader.uint64(), position: try reader.uint64())
    }
}

extension Carriage: WireCodable {
    public func encode(into writer: inout WireWriter) {
        writer.write(epoch)
        writer.write(after)
        writer.write(through)
    }

    public init(from reader: inout WireReader) throws(WireError) {
        self.init(epoch: try reader.uint64(), after: try reader.uint64(), through: try reader.uint64())
        guard after <= through else { throw .malformed("a stretch of changes that ends before it begins") }
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
