import Primitives

/// Makes inputs out of others, in the ways in which formats are lied to: flipped bits, false lengths, ends cut off,
/// parts repeated, moved, or taken from another input, numbers at their limits, words of the format out of place.
struct Mutator {
    /// Words that inputs of this kind are made of.
    let words: [[UInt8]]
    /// No input grows beyond this.
    let limit: Int
    private var generator: Generator

    init(words: [[UInt8]], limit: Int, seed: UInt64) {
        self.words = words
        self.limit = limit
        generator = Generator(seed: seed)
    }

    /// One to eight changes, more often few.
    mutating func mutated(_ input: [UInt8], beside others: [[UInt8]]) -> [UInt8] {
        var input = input
        for _ in 0...min(below(8), below(8)) { change(&input, others) }
        return Array(input.prefix(limit))
    }

    mutating func below(_ count: Int) -> Int { count < 2 ? 0 : Int.random(in: 0..<count, using: &generator) }

    private mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: generator.next()) }

    private mutating func change(_ input: inout [UInt8], _ others: [[UInt8]]) {
        guard !input.isEmpty else {
            input = others.isEmpty ? [byte()] : others[below(others.count)]
            return
        }
        let place = below(input.count)
        switch below(14) {
        case 0: input[place] ^= 1 << UInt8(below(8))
        case 1: input[place] = byte()
        case 2: input[place] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
        case 3: input[place] &+= below(2) == 0 ? 1 : .max
        case 4: input.removeSubrange(place..<min(input.count, place + 1 + below(16)))
        case 5: input.removeLast(input.count - place)
        case 6: input.insert(contentsOf: (0...below(8)).map { _ in byte() }, at: place)
        case 7: writeNumber(&input, at: place)
        case 8: repeatPart(&input, from: place)
        case 9: move(&input, from: place)
        case 10: splice(&input, at: place, others)
        case 11, 12: insertWord(&input, at: place)
        default: input.append(contentsOf: (0...below(64)).map { _ in byte() })
        }
    }

    /// What a length or a count would be, if it lied.
    private mutating func writeNumber(_ input: inout [UInt8], at place: Int) {
        let width = [1, 2, 4, 8][below(4)]
        let numbers: [UInt64] = [
            0, 1, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x1_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
            0x1_0000_0000,
            UInt64(Int64.max), 1 << 63, .max, UInt64(input.count), UInt64(input.count - place),
        ]
        let number = numbers[below(numbers.count)] &+ [0, 1, .max][below(3)]
        for offset in 0..<width where place + offset < input.count {
            input[place + offset] = UInt8(truncatingIfNeeded: number >> UInt64(8 * (width - 1 - offset)))
        }
    }

    private mutating func repeatPart(_ input: inout [UInt8], from place: Int) {
        let part = Array(input[place..<min(input.count, place + 1 + below(80))])
        for _ in 0...min(below(32), below(256)) where input.count < limit { input.insert(contentsOf: part, at: place) }
    }

    private mutating func move(_ input: inout [UInt8], from place: Int) {
        let end = min(input.count, place + 1 + below(80))
        let part = Array(input[place..<end])
        input.removeSubrange(place..<end)
        input.insert(contentsOf: part, at: below(input.count + 1))
    }

    private mutating func splice(_ input: inout [UInt8], at place: Int, _ others: [[UInt8]]) {
        guard !others.isEmpty else { return }
        let other = others[below(others.count)]
        let start = below(other.count + 1)
        let end = min(other.count, start + below(other.count + 1))
        switch below(3) {
        case 0: input.insert(contentsOf: other[start..<end], at: place)
        case 1: input = Array(input[..<place]) + other[start...]
        default:
            input.replaceSubrange(place..<min(input.count, place + end - start), with: other[start..<end])
        }
    }

    private mutating func insertWord(_ input: inout [UInt8], at place: Int) {
        guard !words.isEmpty else { return }
        let word = words[below(words.count)]
        if below(2) == 0 {
            input.insert(contentsOf: word, at: place)
        } else {
            input.replaceSubrange(place..<min(input.count, place + word.count), with: word)
        }
    }
}
