import Primitives
import Testing

@Suite struct WireTests {
    @Test func `integers are big-endian, and everything reads back`() throws {
        var writer = WireWriter()
        writer.write(1 as UInt8)
        writer.write(0x0203 as UInt16)
        writer.write(0x0405_0607 as UInt32)
        writer.write(UInt64.max)
        writer.write(true)
        writer.write("Grüße")
        writer.write(ByteCount.max)
        writer.write(WallTime(milliseconds: 7))
        writer.write(list: [Endpoint(address: .v4(1), port: 2)])
        writer.write(optional: Place?.none)
        #expect(writer.bytes.prefix(7) == [1, 2, 3, 4, 5, 6, 7])
        var reader = WireReader(writer.bytes)
        #expect(try reader.uint8() == 1)
        #expect(try reader.uint16() == 0x0203)
        #expect(try reader.uint32() == 0x0405_0607)
        #expect(try reader.uint64() == .max)
        #expect(try reader.bool())
        #expect(try reader.text(limit: 10, what: "a greeting") == "Grüße")
        #expect(try reader.byteCount() == .max)
        #expect(try reader.wallTime() == WallTime(milliseconds: 7))
        #expect(try reader.list(of: Endpoint.self, limit: 1, what: "endpoints") == [Endpoint(address: .v4(1), port: 2)])
        #expect(try reader.optional(Place.self) == nil)
        try reader.finish()
    }

    @Test func `what is too short, too long or too large is refused with the reason`() {
        #expect(throws: WireError.truncated) {
            var reader = WireReader([1]); _ = try reader.uint16()
        }
        #expect(throws: WireError.truncated) {
            var reader = WireReader([0, 9, 1]); _ = try reader.counted(limit: 9, what: "x")
        }
        #expect(throws: WireError.tooLong(what: "x", count: 9, limit: 8)) {
            var reader = WireReader([0, 9])
            _ = try reader.counted(limit: 8, what: "x")
        }
        #expect(throws: WireError.tooLong(what: "x", count: Int(UInt32.max), limit: 3)) {
            var reader = WireReader([255, 255, 255, 255])
            _ = try reader.list(of: Endpoint.self, limit: 3, what: "x")
        }
        #expect(throws: WireError.malformed("a negative number of bytes")) {
            var reader = WireReader([UInt8](repeating: 255, count: 8))
            _ = try reader.byteCount()
        }
        #expect(throws: WireError.malformed("a time beyond the year 9999")) {
            var reader = WireReader([UInt8](repeating: 255, count: 8))
            _ = try reader.wallTime()
        }
        #expect(throws: WireError.malformed("a truth value that is neither 0 nor 1")) {
            var reader = WireReader([2])
            _ = try reader.bool()
        }
        #expect(throws: WireError.trailingBytes(2)) { try WireReader([1, 2]).finish() }
    }

    @Test(
        arguments: [[0xFF], [0xC3], [0x1B, 0x5B], [0x0A], [0xC2, 0x85], [0xE2, 0x80, 0xA8], [0xE2, 0x80, 0xAE]]
            as [[UInt8]])
    func `text that is not UTF-8, or would steer a terminal, is refused`(bytes: [UInt8]) {
        #expect(throws: WireError.self) {
            var reader = WireReader([0, UInt8(bytes.count)] + bytes)
            _ = try reader.text(limit: 10, what: "a name")
        }
    }
}
