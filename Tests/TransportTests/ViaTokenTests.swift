import Primitives
import Testing

@testable import Transport

@Suite struct ViaTokenTests {
    let tokens = ViaTokens(networkKey: Bytes32(1, 2, 3, 4))
    let file = FileID(Bytes32(5, 6, 7, 8))
    let tried = [ShortID(11), ShortID(12)]

    @Test func aTokenListsWhoWasTried() {
        for count in 0...2 {
            let listed = Array(tried.prefix(count))
            let token = tokens.token(for: file, tried: listed, at: present)
            #expect(tokens.tried(in: token, for: file, at: present + .seconds(59)) == listed)
            #expect(token.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) })
            #expect(token.count <= 60)
        }
        #expect(
            tokens.token(for: file, tried: [ShortID(1)] + tried, at: present)
                == tokens.token(for: file, tried: tried, at: present))
    }

    @Test func everyByteOfATokenCounts() {
        let token = tokens.token(for: file, tried: tried, at: present)
        for altered in tampered(Array(token.utf8)) {
            let text = String(decoding: altered, as: UTF8.self)
            // Upper case is the same token: people type.
            guard text.lowercased() != token else { continue }
            #expect(tokens.tried(in: text, for: file, at: present) == [])
        }
        #expect(tokens.tried(in: String(token.dropLast(8)), for: file, at: present) == [])
        #expect(tokens.tried(in: token + "aaaaaaaa", for: file, at: present) == [])
        #expect(tokens.tried(in: "", for: file, at: present) == [])
        #expect(tokens.tried(in: String(repeating: "a", count: 100_000), for: file, at: present) == [])
    }

    @Test func aTokenIsForOneFileOneNetworkAndOneMinute() {
        let token = tokens.token(for: file, tried: tried, at: present)
        #expect(tokens.tried(in: token, for: FileID(.zero), at: present) == [])
        #expect(ViaTokens(networkKey: .zero).tried(in: token, for: file, at: present) == [])
        #expect(tokens.tried(in: token, for: file, at: present + .seconds(61)) == [])
        #expect(tokens.tried(in: token, for: file, at: present + .seconds(-62)) == [])
    }
}
