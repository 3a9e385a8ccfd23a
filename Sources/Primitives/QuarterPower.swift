/// A number of bytes in quarter powers of two, rounded down: what statuses quantise by, so that a changed level is
/// worth telling (a step is 19 %). 0 is nothing; n is at least 2^((n − 1) / 4) bytes.
public struct QuarterPower: Hashable, Comparable, Sendable, WireCodable {
    public let code: UInt8

    /// The code of the largest count there is.
    private static let largest: UInt8 = 252
    /// 2^(q/4) for q = 0…3 as fractions of 2^63, rounded up: exact in integers, and alike on every processor.
    private static let mantissas: [UInt64] = [
        0x8000_0000_0000_0000, 0x9837_F051_8DB8_A970, 0xB504_F333_F9DE_6485, 0xD744_FCCA_D69D_6AF5,
    ]

    /// Rounds down; nothing, or less, is 0.
    public init(_ count: ByteCount) {
        guard count.bytes > 0 else {
            code = 0
            return
        }
        let bytes = UInt64(count.bytes)
        let normalised = bytes << UInt64(bytes.leadingZeroBitCount)
        let quarter = Self.mantissas.lastIndex { $0 <= normalised } ?? 0
        code = UInt8(4 * (63 - bytes.leadingZeroBitCount) + quarter + 1)
    }

    public static let nothing = QuarterPower(.zero)

    /// The least count of this power.
    public var byteCount: ByteCount {
        guard code > 0 else { return .zero }
        let exponent = Int(code - 1) / 4
        let mantissa = Self.mantissas[Int(code - 1) % 4]
        let shift = UInt64(63 - exponent)
        let whole = mantissa >> shift
        return ByteCount(Int64(whole << shift == mantissa ? whole : whole + 1))
    }

    public static func < (left: Self, right: Self) -> Bool { left.code < right.code }

    public func encode(into writer: inout WireWriter) { writer.write(code) }

    public init(from reader: inout WireReader) throws(WireError) {
        code = try reader.uint8()
        guard code <= Self.largest else { throw .malformed("more bytes than can be counted") }
    }
}
