import Primitives
import Testing

@Suite struct IdentifierTests {
    @Test func `base32 writes the vectors of RFC 4648 in lower case and without padding`() {
        let vectors = [
            "": "", "f": "my", "fo": "mzxq", "foo": "mzxw6", "foob": "mzxw6yq", "fooba": "mzxw6ytb",
            "foobar": "mzxw6ytboi",
        ]
        for (plain, encoded) in vectors.sorted(by: { $0.key < $1.key }) {
            #expect(Base32.encode(Array(plain.utf8)) == encoded)
            #expect(Base32.decode(encoded) == Array(plain.utf8))
            #expect(Base32.decode(encoded.uppercased()) == Array(plain.utf8))
        }
    }

    @Test(arguments: ["m", "mz1", "mzx", "mz ", "mz=", "mß", "mzxwz"])
    func `what base32 would not write does not read`(text: String) {
        #expect(Base32.decode(text) == nil)
    }

    @Test func `ids read back from their text, and order as their bytes do`() {
        var generator = Generator(seed: 3)
        for _ in 0..<200 {
            let left = NodeID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
            let right = NodeID(Bytes32(generator.next(), generator.next(), generator.next(), generator.next()))
            #expect(NodeID(left.description) == left)
            #expect(left.description.count == 52)
            #expect((left < right) == left.bytes.array.lexicographicallyPrecedes(right.bytes.array))
            #expect(left.description.hasPrefix(left.short.description))
            #expect(Bytes32(left.bytes.array) == left.bytes)
        }
        #expect(NodeID("a") == nil && Bytes32([1, 2, 3]) == nil && Bytes32([UInt8](repeating: 0, count: 33)) == nil)
        #expect(Signature([UInt8](repeating: 0, count: 63)) == nil)
    }

    @Test func `a generator tells the same numbers for the same seed only`() {
        var (first, same, other) = (Generator(seed: 1), Generator(seed: 1), Generator(seed: 2))
        let numbers = (0..<8).map { _ in first.next() }
        #expect(numbers == (0..<8).map { _ in same.next() })
        #expect(numbers != (0..<8).map { _ in other.next() })
        #expect(Set(numbers).count == 8)
        var part = first.split()
        #expect(part.next() != first.next())
    }
}
