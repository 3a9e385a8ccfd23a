import Primitives

/// An input read as decisions: where a parser sees bytes, a machine's day is made of them. When they are used up, every
/// decision is the first.
struct Choices {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isExhausted: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// One of so many, at most 256.
    mutating func below(_ count: Int) -> Int { count < 2 ? 0 : Int(byte()) % count }

    mutating func bool() -> Bool { byte() & 1 == 1 }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Some of them, in order.
    mutating func some<Element>(_ elements: [Element], most: Int) -> [Element] {
        var chosen: [Element] = []
        for _ in 0..<below(most + 1) { chosen.append(pick(elements)) }
        return chosen
    }

    /// A number below a limit: at its ends, near a power of two, or any.
    mutating func number(below limit: UInt64 = .max) -> UInt64 {
        let number: UInt64 =
            switch below(8) {
            case 0: 0
            case 1: 1
            case 2: limit &- 1
            case 3: limit &- 2
            case 4: 1 << UInt64(below(64))
            case 5: (1 << UInt64(below(64))) &- 1
            case 6: UInt64(byte())
            default: (0..<8).reduce(0) { number, _ in number << 8 | UInt64(byte()) }
            }
        return number < limit ? number : number % max(limit, 1)
    }
}
