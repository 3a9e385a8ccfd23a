import NIOCore
import Primitives

// Response heads are written straight into the bytes that are sent: no dictionary of fields, no strings in between.
extension ByteBuffer {
    /// The status line and the fields of every response.
    mutating func beginHead(_ status: Status, date: [UInt8]) {
        writeStaticString("HTTP/1.1 ")
        write(decimal: Int64(status.rawValue))
        writeStaticString(" ")
        writeStaticString(status.phrase)
        writeStaticString("\r\nDate: ")
        writeBytes(date)
        writeStaticString("\r\n")
    }

    /// `field` is a name, a colon and a blank.
    mutating func write(field: StaticString, _ value: StaticString) {
        writeStaticString(field)
        writeStaticString(value)
        writeStaticString("\r\n")
    }

    mutating func write(field: StaticString, _ value: some Sequence<UInt8>) {
        writeStaticString(field)
        writeBytes(value)
        writeStaticString("\r\n")
    }

    mutating func write(field: StaticString, decimal: Int64) {
        writeStaticString(field)
        write(decimal: decimal)
        writeStaticString("\r\n")
    }

    mutating func writeEntityTag(_ file: FileID) {
        writeStaticString("ETag: \"")
        write(base32: file)
        writeStaticString("\"\r\n")
    }

    /// The last fields and the empty line.
    mutating func endHead(contentLength: Int64?, keepsAlive: Bool) {
        if let contentLength { write(field: "Content-Length: ", decimal: contentLength) }
        if !keepsAlive { writeStaticString("Connection: close\r\n") }
        writeStaticString("\r\n")
    }

    mutating func write(decimal number: Int64) {
        precondition(number >= 0, "lengths and statuses are not negative")
        writeWithUnsafeMutableBytes(minimumWritableBytes: 19) { target in
            var count = 1
            var power: Int64 = 10
            while count < 19, number >= power {
                count += 1
                power = power.multipliedReportingOverflow(by: 10).partialValue
            }
            var rest = number
            for index in stride(from: count - 1, through: 0, by: -1) {
                target[index] = UInt8(truncatingIfNeeded: rest % 10) + UInt8(ascii: "0")
                rest /= 10
            }
            return count
        }
    }

    /// Bytes of a URL, with what no URL may have percent-encoded: it came from a client or a peer, and goes into a
    /// head.
    mutating func write(url: some Collection<UInt8>) {
        write(url, encodingAllBut: URLCharacters.isAllowed)
    }

    /// Text as one segment of a path: everything but unreserved characters encoded.
    mutating func write(encodingSegment text: some Collection<UInt8>) {
        write(text, encodingAllBut: URLCharacters.isUnreserved)
    }

    /// In one go: byte by byte, a buffer checks its room and its storage each time.
    private mutating func write(_ bytes: some Collection<UInt8>, encodingAllBut isPlain: [Bool]) {
        let hexadecimal = URLCharacters.hexadecimal
        writeWithUnsafeMutableBytes(minimumWritableBytes: 3 * bytes.count) { target in
            var count = 0
            for byte in bytes {
                if isPlain[Int(byte)] {
                    target[count] = byte
                    count += 1
                } else {
                    target[count] = UInt8(ascii: "%")
                    target[count + 1] = hexadecimal[Int(byte >> 4)]
                    target[count + 2] = hexadecimal[Int(byte & 15)]
                    count += 3
                }
            }
            return count
        }
    }

    /// Base64 of RFC 4648, section 4, with padding.
    mutating func write(base64 digest: Bytes32) {
        let alphabet = URLCharacters.base64
        let bytes = digest.array
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                writeInteger(
                    index <= group.count
                        ? alphabet[Int(word >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
    }
}

private enum URLCharacters {
    static let hexadecimal = Array("0123456789ABCDEF".utf8)
    static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    static let isUnreserved = table("-._~")
    static let isAllowed = table("-._~:/?#[]@!$&'()*+,;=%")

    private static func table(_ symbols: String) -> [Bool] {
        (UInt8.min...UInt8.max).map { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: symbols.utf8.contains(byte)
            }
        }
    }
}
