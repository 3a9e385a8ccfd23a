/// Writes JSON (RFC 8259) as text: two small documents need no encoder.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    mutating func object(_ members: (inout JSONText) -> Void) { nest("{", "}", members) }
    mutating func array(_ elements: (inout JSONText) -> Void) { nest("[", "]", elements) }

    mutating func key(_ name: StaticString) {
        separate()
        quote(name.description)
        append(":")
        needsComma = false
    }

    mutating func value(_ text: String) {
        separate()
        quote(text)
    }

    mutating func value(_ truth: Bool) {
        separate()
        append(truth ? "true" : "false")
    }

    mutating func value(_ number: Int64) {
        separate()
        append(String(number))
    }

    /// Rounded to thousandths: more digits would claim more than is known.
    mutating func value(_ number: Double) {
        separate()
        let thousandths = (number * 1000).rounded()
        guard thousandths.magnitude < 1e15 else { return append("null") }
        append(String(thousandths / 1000))
    }

    mutating func null() {
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
