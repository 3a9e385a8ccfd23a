/// A number of bytes. Differences may be negative; what peers send is read as non-negative.
public struct ByteCount: Hashable, Comparable, Sendable {
    public var bytes: Int64

    @inlinable
    public init(_ bytes: Int64) {
        self.bytes = bytes
    }

    @inlinable
    public init(_ bytes: Int) {
        self.bytes = Int64(bytes)
    }

    public static let zero = ByteCount(0 as Int64)
    public static let max = ByteCount(Int64.max)

    @inlinable
    public static func kibibytes(_ count: Int64) -> ByteCount { ByteCount(count << 10) }
    @inlinable
    public static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }
    @inlinable
    public static func megabytes(_ count: Int64) -> ByteCount { ByteCount(count * 1_000_000) }
    @inlinable
    public static func gigabytes(_ count: Int64) -> ByteCount { ByteCount(count * 1_000_000_000) }

    @inlinable
    public static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
    @inlinable
    public static func + (left: Self, right: Self) -> Self { ByteCount(left.bytes + right.bytes) }
    @inlinable
    public static func - (left: Self, right: Self) -> Self { ByteCount(left.bytes - right.bytes) }
    @inlinable
    public static func * (left: Self, right: Int64) -> Self { ByteCount(left.bytes * right) }
    @inlinable
    public static func / (left: Self, right: Int64) -> Self { ByteCount(left.bytes / right) }
    @inlinable
    public static func += (left: inout Self, right: Self) { left.bytes += right.bytes }
    @inlinable
    public static func -= (left: inout Self, right: Self) { left.bytes -= right.bytes }

    /// This part of a whole, as a fraction; nothing of nothing is 0.
    @inlinable
    public func fraction(of whole: ByteCount) -> Double {
        whole.bytes == 0 ? 0 : Double(bytes) / Double(whole.bytes)
    }

    /// A percentage of this count, rounded down, without overflow.
    @inlinable
    public func percent(_ percent: Int64) -> ByteCount {
        ByteCount(bytes / 100 * percent + bytes % 100 * percent / 100)
    }
}

extension ByteCount: CustomStringConvertible {
    /// Decimal units with three significant digits, as providers' invoices write them: `"1.50 GB"`, `"40 B"`.
    public var description: String {
        let units = ["kB", "MB", "GB", "TB", "PB", "EB"]
        let magnitude = bytes.magnitude
        guard magnitude >= 1000 else { return "\(bytes) B" }
        var divisor: UInt64 = 1000
        var unit = 0
        while unit + 1 < units.count, magnitude / divisor >= 1000 {
            divisor *= 1000
            unit += 1
        }
        let whole = magnitude / divisor
        let thousandths = magnitude % divisor / (divisor / 1000)
        let sign = bytes < 0 ? "-" : ""
        let digits =
            switch whole {
            case 100...: "\(whole)"
            case 10...: "\(whole).\(thousandths / 100)"
            default: "\(whole).\(thousandths / 100)\(thousandths / 10 % 10)"
            }
        return "\(sign)\(digits) \(units[unit])"
    }
}

extension ByteCount {
    /// Reads `"10GB"`, `"8 GiB"`, `"1.5 MB"`, `"4096"`: a decimal number and a unit, decimal (kB, MB, …) or binary
    /// (KiB, MiB, …), in any case. Nothing when it is not one, is negative, or exceeds what a count holds.
    public init?(_ text: some StringProtocol) {
        let compact = text.lowercased().filter { $0 != " " }
        let number = compact.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = compact.dropFirst(number.count)
        guard let factor = Self.factor(ofUnit: String(unit)) else { return nil }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = Int64(parts[0]) else { return nil }
        let (large, overflow) = whole.multipliedReportingOverflow(by: factor)
        guard !overflow else { return nil }
        guard parts.count == 2 else {
            self.init(large)
            return
        }
        guard !parts[1].isEmpty, parts[1].count <= 9, let decimals = Int64(parts[1]) else { return nil }
        let scale = (0..<parts[1].count).reduce(into: Int64(1)) { scale, _ in scale *= 10 }
        let small = factor / scale * decimals + factor % scale * decimals / scale
        let (sum, carry) = large.addingReportingOverflow(small)
        guard !carry else { return nil }
        self.init(sum)
    }

    private static func factor(ofUnit unit: String) -> Int64? {
        let prefixes = ["k", "m", "g", "t", "p"]
        if unit.isEmpty || unit == "b" { return 1 }
        for (index, prefix) in prefixes.enumerated() {
            let power = index + 1
            if unit == prefix + "b" || unit == prefix {
                return (0..<power).reduce(into: Int64(1)) { factor, _ in factor *= 1000 }
            }
            if unit == prefix + "ib" { return 1 << (10 * Int64(power)) }
        }
        return nil
    }
}
