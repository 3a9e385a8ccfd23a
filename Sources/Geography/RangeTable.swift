/// Address ranges of one family with the country of each, packed for looking up: only where a range starts is kept,
/// since each ends where the next starts. Five bytes for a range of IPv4, seventeen for one of IPv6.
struct RangeTable<Address: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    private var starts: [Address] = []
    private var countries: [UInt8] = []
    /// The first address after the last range; nil when that range ends with the last address there is.
    private var end: Address? = 0

    /// Stands for no country: gaps, and ranges that nobody can place.
    static var nowhere: UInt8 { 0 }

    mutating func reserve(_ ranges: Int) {
        starts.reserveCapacity(ranges)
        countries.reserveCapacity(ranges)
    }

    /// Appends a range after all others; false when it is not after them, or is none.
    mutating func append(_ first: Address, _ last: Address, country: UInt8) -> Bool {
        guard let end, first >= end, first <= last else { return false }
        if first > end { start(at: end, country: Self.nowhere) }
        start(at: first, country: country)
        self.end = last == .max ? nil : last + 1
        return true
    }

    /// The country an address is in.
    func country(of address: Address) -> UInt8 {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, end.map({ address < $0 }) ?? true else { return Self.nowhere }
        return countries[low - 1]
    }

    /// Memory the table takes.
    var byteCount: Int { starts.count * (MemoryLayout<Address>.size + 1) }

    private mutating func start(at address: Address, country: UInt8) {
        if countries.last == country || countries.isEmpty && country == Self.nowhere { return }
        starts.append(address)
        countries.append(country)
    }
}
