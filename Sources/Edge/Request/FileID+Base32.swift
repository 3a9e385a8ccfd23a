import NIOCore
import Primitives

// The text of a FileID is read and written with every redirect: straight from and into the bytes at hand, where
// `Base32` would allocate four times.
extension FileID {
    /// 52 characters of base32, or nothing.
    init?(base32 text: ArraySlice<UInt8>) {
        guard text.count == 52 else { return nil }
        var words: [4 of UInt64] = [0, 0, 0, 0]
        var bit = 0
        for character in text {
            guard let value = Self.value(of: character) else { return nil }
            let (word, offset) = (bit >> 6, bit & 63)
            if offset <= 59 {
                words[word] |= value << UInt64(59 - offset)
            } else {
                words[word] |= value >> UInt64(offset - 59)
                let overhang = value << UInt64(123 - offset)
                if word < 3 {
                    words[word + 1] |= overhang
                } else if overhang != 0 {
                    return nil
                }
            }
            bit += 5
        }
        self.init(Bytes32(words[0], words[1], words[2], words[3]))
    }

    private static func value(of character: UInt8) -> UInt64? {
        switch HTTPRequestHead.lowercase(character) {
        case let letter where letter &- UInt8(ascii: "a") < 26: UInt64(letter - UInt8(ascii: "a"))
        case let digit where digit &- UInt8(ascii: "2") < 6: UInt64(digit - UInt8(ascii: "2")) + 26
        default: nil
        }
    }
}

extension ByteBuffer {
    /// The 52 characters of `file.description`.
    mutating func write(base32 file: FileID) {
        let words = [4 of UInt64](file.bytes.words)
        writeWithUnsafeMutableBytes(minimumWritableBytes: 52) { target in
            for index in 0..<52 {
                let bit = index * 5
                let (word, offset) = (bit >> 6, bit & 63)
                var value: UInt64
                if offset <= 59 {
                    value = words[word] >> UInt64(59 - offset)
                } else {
                    value = words[word] << UInt64(offset - 59)
                    if word < 3 { value |= words[word + 1] >> UInt64(123 - offset) }
                }
                value &= 31
                target[index] = UInt8(truncatingIfNeeded: value < 26 ? value + 97 : value + 24)
            }
            return 52
        }
    }
}

extension [4 of UInt64] {
    fileprivate init(_ words: (UInt64, UInt64, UInt64, UInt64)) {
        self = [words.0, words.1, words.2, words.3]
    }
}
