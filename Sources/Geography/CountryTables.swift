import Foundation
import Primitives

/// The country tables of Debian's `tor-geoipdb`: a line for each range, `first,last,CC`; addresses in decimal for IPv4
/// (`geoip`), as text for IPv6 (`geoip6`); `#` starts a comment.
struct CountryTables: Sendable {
    private var four = RangeTable<UInt32>()
    private var six = RangeTable<UInt128>()
    /// Codes and places by the number that the tables use for a country; 0 is nowhere.
    private var codes: [String] = [""]
    private var places: [Place?] = [nil]
    /// The numbers of the codes met so far, by their two letters.
    private var numbers: [UInt16: UInt8] = [:]

    /// The mean length of a line, a little short, so that arrays are made once and large enough.
    private static let bytesPerLine = (four: 24, six: 56)

    /// Reads `geoip` and, where there is one, `geoip6` beside it: 660,000 ranges in a fifth of a second.
    init(four fourPath: String, six sixPath: String?) throws(GeographyError) {
        var reader = try LineReader(fourPath)
        four.reserve(reader.size / Self.bytesPerLine.four)
        try read(&reader) { tables, first, last, country in
            guard let low = Self.decimal(first), let high = Self.decimal(last) else { return false }
            return tables.four.append(low, high, country: country)
        }
        guard let sixPath else { return }
        reader = try LineReader(sixPath)
        six.reserve(reader.size / Self.bytesPerLine.six)
        try read(&reader) { tables, first, last, country in
            guard let low = Self.hexadecimal(first), let high = Self.hexadecimal(last) else { return false }
            return tables.six.append(low, high, country: country)
        }
    }

    func place(of address: IPAddress) -> Place? { places[number(of: address)] }

    func country(of address: IPAddress) -> String? {
        let number = number(of: address)
        return number == 0 ? nil : codes[number]
    }

    /// Memory the tables take.
    var byteCount: Int { four.byteCount + six.byteCount }

    private func number(of address: IPAddress) -> Int {
        switch address {
        case .v4(let word): Int(four.country(of: word))
        case .v6(let high, let low): Int(six.country(of: UInt128(high) << 64 | UInt128(low)))
        }
    }

    private static func decimal(_ text: UnsafeMutablePointer<CChar>) -> UInt32? {
        var end: UnsafeMutablePointer<CChar>?
        let number = strtoul(text, &end, 10)
        guard let end, end > text, end.pointee == 0 else { return nil }
        return UInt32(exactly: number)
    }

    private static func hexadecimal(_ text: UnsafeMutablePointer<CChar>) -> UInt128? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) }
    }

    /// Appends a range: its first and last address, as text that ends with a zero, and the number of its country; false
    /// when they are not addresses in rising order.
    private typealias Append = (
        inout CountryTables, UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CChar>, UInt8
    ) -> Bool

    private mutating func read(_ reader: inout LineReader, append: Append) throws(GeographyError) {
        while let line = reader.next() {
            guard read(line, append: append) else {
                throw GeographyError(
                    "Line \(reader.lineNumber) of the country table \(reader.path) does not read as first,last,CC in "
                        + "rising order: reinstall it (tor-geoipdb), or choose another with --geo.")
            }
        }
        if reader.hasFailed {
            throw GeographyError(
                "The country table \(reader.path) cannot be read to its end: check the disk, or choose another with "
                    + "--geo.")
        }
    }

    /// Cuts the line into its fields in place, and leaves the numbers to the C library: so a build without
    /// optimisation, too, reads the tables in a second.
    private mutating func read(_ line: UnsafeMutableBufferPointer<CChar>, append: Append) -> Bool {
        guard let start = line.baseAddress, !line.isEmpty, start.pointee != Self.hash else { return true }
        let end = start + line.count
        guard let first = memchr(start, Self.comma, end - start)?.assumingMemoryBound(to: CChar.self),
            let second = memchr(first + 1, Self.comma, end - first - 1)?.assumingMemoryBound(to: CChar.self),
            end - second == 3
        else { return false }
        first.pointee = 0
        second.pointee = 0
        guard let country = country(UInt8(bitPattern: second[1]), UInt8(bitPattern: second[2])) else { return false }
        return append(&self, start, first + 1, country)
    }

    private static let comma = Int32(UInt8(ascii: ","))
    private static let hash = CChar(UInt8(ascii: "#"))

    /// The number of a country in these tables; nowhere for codes that are no place, such as `??`.
    private mutating func country(_ high: UInt8, _ low: UInt8) -> UInt8? {
        let key = UInt16(high) << 8 | UInt16(low)
        if let number = numbers[key] { return number }
        let code = String(decoding: [high, low], as: UTF8.self)
        guard let place = Country.place(of: code) else {
            numbers[key] = RangeTable<UInt32>.nowhere
            return RangeTable<UInt32>.nowhere
        }
        guard codes.count <= Int(UInt8.max) else { return nil }
        let number = UInt8(codes.count)
        codes.append(code)
        places.append(place)
        numbers[key] = number
        return number
    }
}
