/// Many observations of a count (bytes, nanoseconds) in little room: in bins of less than 0.8 % of what is in them, as
/// HdrHistogram keeps them (Tene, 2012). Adding takes constant time; the least, the largest and the sum are exact.
struct Distribution: Equatable, Sendable {
    private(set) var count = 0
    private(set) var sum = 0.0
    private(set) var largest: Int64 = 0
    /// Only as far as anything fell.
    private var bins: [UInt32] = []

    /// Values below this have a bin each; each doubling above has as many.
    private static let binsPerOctave = 128

    /// A negative observation counts as 0.
    mutating func add(_ value: Int64, times: Int = 1) {
        let value = max(0, value)
        let bin = Self.bin(of: value)
        if bin >= bins.count { bins += Array(repeating: 0, count: bin + 1 - bins.count) }
        bins[bin] = UInt32(clamping: Int(bins[bin]) + times)
        count += times
        sum += Double(value) * Double(times)
        largest = max(largest, value)
    }

    mutating func add(_ other: Distribution) {
        if other.bins.count > bins.count { bins += Array(repeating: 0, count: other.bins.count - bins.count) }
        for (bin, times) in other.bins.enumerated() { bins[bin] = UInt32(clamping: Int(bins[bin]) + Int(times)) }
        count += other.count
        sum += other.sum
        largest = max(largest, other.largest)
    }

    var mean: Double { count == 0 ? 0 : sum / Double(count) }

    /// The least value that this part of all observations does not exceed: the upper end of its bin. 0 of none.
    func quantile(_ part: Double) -> Int64 {
        let rank = max(1, Int((part * Double(count)).rounded(.up)))
        var passed = 0
        for (bin, times) in bins.enumerated() {
            passed += Int(times)
            if passed >= rank { return min(Self.upperEnd(of: bin), largest) }
        }
        return largest
    }

    private static func bin(of value: Int64) -> Int {
        guard value >= binsPerOctave else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount - 7
        return binsPerOctave * exponent + Int(value >> Int64(exponent))
    }

    private static func upperEnd(of bin: Int) -> Int64 {
        guard bin >= 2 * binsPerOctave else { return Int64(bin) }
        let exponent = bin / binsPerOctave - 1
        return (Int64(bin - binsPerOctave * exponent) + 1) << Int64(exponent) - 1
    }
}
