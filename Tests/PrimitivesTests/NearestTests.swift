import Primitives
import Testing

@Suite struct NearestTests {
    private let words = ["post", "show", "status", "allowance"]

    @Test(arguments: [
        ("psot", nil), ("pots", nil), ("pos", "post"), ("Show", "show"), ("stauts", "status"),
        ("alowance", "allowance"),
        ("share", nil), ("", nil), (String(repeating: "x", count: 10_000), nil),
    ])
    func `a slip of the hand is recognised, another word is not`(written: String, meant: String?) {
        #expect(Nearest.word(to: written, of: words) == meant)
    }
}
