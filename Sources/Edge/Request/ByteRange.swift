/// What part of a file a `Range` field asks for (RFC 9110, section 14).
public enum RangeRequest: Hashable, Sendable {
    /// Everything: no field, one that does not read, or one of several ranges, which a server may ignore.
    case whole
    /// These bytes; `isOpenEnded` when the field named no last one (`bytes=500-`).
    case part(Range<Int64>, isOpenEnded: Bool)
    /// No byte of the file is asked for.
    case unsatisfiable

    /// Reads the value of a `Range` field, for a file of `length` bytes.
    public init(_ value: some Collection<UInt8>, length: Int64) {
        let unit = "bytes=".utf8
        guard value.prefix(unit.count).map(HTTPRequestHead.lowercase).elementsEqual(unit) else {
            self = .whole
            return
        }
        let specification = value.dropFirst(unit.count)
        guard let dash = specification.firstIndex(of: UInt8(ascii: "-")) else {
            self = .whole
            return
        }
        let first = Self.number(specification[..<dash])
        let last = Self.number(specification[specification.index(after: dash)...])
        switch (first, last) {
        case (.number(let first), .number(let last)):
            guard first <= last else {
                self = .whole
                return
            }
            self = first < length ? .part(first..<min(last, length - 1) + 1, isOpenEnded: false) : .unsatisfiable
        case (.number(let first), .absent):
            self = first < length ? .part(first..<length, isOpenEnded: true) : .unsatisfiable
        case (.absent, .number(let count)):
            if count == 0 {
                self = .unsatisfiable
            } else {
                // The last bytes of an empty file are all of it, which a 206 cannot say.
                self = length == 0 ? .whole : .part(max(0, length - count)..<length, isOpenEnded: false)
            }
        case (.absent, .absent), (.malformed, _), (_, .malformed):
            self = .whole
        }
    }

    private enum Number {
        case absent, malformed
        case number(Int64)
    }

    /// A number beyond what fits is as good as the largest that does.
    private static func number(_ digits: some Collection<UInt8>) -> Number {
        guard !digits.isEmpty else { return .absent }
        var number: Int64 = 0
        for digit in digits {
            let value = digit &- UInt8(ascii: "0")
            guard value < 10 else { return .malformed }
            let (product, overflow) = number.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(value))
            number = overflow || carry ? Int64.max - 1 : sum
        }
        return .number(number)
    }
}
