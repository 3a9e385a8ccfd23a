import Allowance
import Primitives
import Testing

struct TermsTests {
    @Test func fortyMegabytesServeThreeFilesOfTenMegabytes() {
        let terms = Terms(share: .megabytes(40))
        #expect(terms.guaranteed(.serving) == .zero)
        #expect(terms.guaranteed(.replication) == .megabytes(4))
        #expect(terms.guaranteed(.overlay) == .megabytes(3))
        #expect(terms.guaranteed(.answers) == ByteCount(1_200_000 as Int64))
        #expect(terms.ceiling(.serving) == ByteCount(31_800_000 as Int64))
        #expect(terms.ceiling(.replication) == ByteCount(35_800_000 as Int64))
        #expect(terms.ceiling(.overlay) == .megabytes(3))
        #expect(terms.ceiling(.answers) == ByteCount(1_200_000 as Int64))
    }

    @Test(arguments: [
        (ByteCount.megabytes(10), ByteCount.megabytes(1)), (.megabytes(30), .megabytes(3)),
        (.megabytes(299), .megabytes(3)), (.gigabytes(8), .megabytes(80)), (.zero, .zero),
    ])
    func theOverlayHasOnePercentOrThreeMegabytesButATenthAtMost(share: ByteCount, overlay: ByteCount) {
        #expect(Terms(share: share).guaranteed(.overlay) == overlay)
    }

    @Test func aShareBeyondReasonIsCutAndANegativeOneIsNone() {
        #expect(Terms(share: .max).share == Terms.largestShare)
        #expect(Terms(share: ByteCount(-1 as Int64)).share == .zero)
        #expect(Terms(share: .max).room(for: .serving, beside: .zero) == Terms(share: .max).ceiling(.serving))
    }

    @Test func nothingFitsIntoNothingExceptNothing() {
        let terms = Terms(share: .zero)
        for kind in TrafficClass.allCases {
            #expect(terms.fits(.zero, for: kind, beside: .zero))
            #expect(!terms.fits(ByteCount(1 as Int64), for: kind, beside: .zero))
        }
    }

    @Test func servingLeavesTheOthersWhatTheyAreGuaranteed() {
        let terms = Terms(share: .megabytes(40))
        let used = ClassTotals(serving: terms.ceiling(.serving))
        #expect(terms.room(for: .serving, beside: used) == .zero)
        for kind in [TrafficClass.replication, .overlay, .answers] {
            #expect(terms.room(for: kind, beside: used) == terms.guaranteed(kind))
        }
    }

    @Test func replicationBeyondItsGuaranteeTakesFromServing() {
        let terms = Terms(share: .megabytes(40))
        let used = ClassTotals(replication: .megabytes(14))
        #expect(terms.room(for: .serving, beside: used) == ByteCount(21_800_000 as Int64))
    }

    @Test func aNodeThatHasSpentTooMuchForItsNewShareSendsNothing() {
        let terms = Terms(share: .megabytes(10))
        let used = ClassTotals(serving: .megabytes(30))
        for kind in TrafficClass.allCases {
            #expect(terms.room(for: kind, beside: used) == .zero)
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func whateverFitsTogetherStaysWithinTheShare(seed: UInt64) {
        var generator = Generator(seed: seed)
        let terms = Terms(share: ByteCount(Int64.random(in: 0...200_000_000, using: &generator)))
        var used = ClassTotals.zero
        for _ in 0..<200 {
            let kind = TrafficClass.allCases.randomElement(using: &generator) ?? .serving
            let room = terms.room(for: kind, beside: used)
            let size = ByteCount(Int64.random(in: 0...max(1, terms.share.bytes / 4), using: &generator))
            #expect(terms.fits(size, for: kind, beside: used) == (size <= room))
            if size <= room { used[kind] += size }
            #expect(used.sum <= terms.share)
            for other in TrafficClass.allCases {
                #expect(used[other] <= terms.ceiling(other))
                let guaranteedLeft = max(.zero, terms.guaranteed(other) - used[other])
                #expect(terms.room(for: other, beside: used) >= guaranteedLeft)
            }
        }
    }
}
