/// Writes JSON (RFC 8259) as text: small documents with fixed keys need no encoder.
public struct JSONText: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    public mutating func object(_ members: (inout JSONText) -> Void) { nest("{", "}", members) }
    public mutating func array(_ elements: (inout JSONText) -> Void) { nest("[", "]", elements) }

    public mutating func key(_ name: StaticString) {
        separate()
        quote(name.description)
        append(":")
        needsComma = false
    }

    public mutating func value(_ text: String) {
        separate()
        quote(text)
    }

    public mutating func value(_ truth: Bool) {
        separate()
        append(truth ? "true" : "false")
    }

    public mutating func value(_ number: Int64) {
        separate()
        append(String(number))
    }

    /// Rounded, to thousandths unless told otherwise: more digits would claim more than is known.
    public mutating func value(_ number: Double, decimals: Int = 3) {
        separate()
        let scale = (0..<decimals).reduce(1.0) { scale, _ in scale * 10 }
        let rounded = (number * scale).rounded()
        guard rounded.magnitude < 1e15 else { return append("null") }
        append(String(rounded / scale))
    }

    public mutating func null() {
        separate()
        append("null")
    }

    private mutating func nest(_ open: StaticString, _ close: StaticString, _ content: (inout JSONText) -> Void) {
        separate()
        append(open.description)
        needsComma = false
        content(&self)
        append(close.description)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { append(",") }
        needsComma = true
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    private mutating func quote(_ text: String) {
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case _ where scalar.value < 0x20:
                let hexadecimal = String(scalar.value, radix: 16)
                append("\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal)
            default: append(String(scalar))
            }
        }
        append("\"")
    }
}
