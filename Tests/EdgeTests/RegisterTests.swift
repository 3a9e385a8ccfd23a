import Primitives
import Testing

@testable import Edge

/// A register that expectations can change.
private final class Book {
    typealias Ticket = Register<Int>.Ticket
    private(set) var register = Register<Int>(.init(connections: 8, reserve: 2, perPrefix: 4, perMember: 2))

    func admission(_ guest: Int, from prefix: UInt32) -> Register<Int>.Admission {
        register.admit(guest, from: .prefix(IPAddress.v4(0x5000_0000 + prefix << 8 + 7).neighbourhood))
    }

    func admit(_ guest: Int, from prefix: UInt32) -> (ticket: Ticket?, instead: Int?) {
        switch admission(guest, from: prefix) {
        case .admitted(let ticket, let instead): (ticket, instead)
        case .full, .prefixFull: (nil, nil)
        }
    }

    func begin(_ ticket: Ticket) -> Bool { register.begin(ticket) }
    func rest(_ ticket: Ticket) { register.rest(ticket) }
    func leave(_ ticket: Ticket) { register.leave(ticket) }
    func servesStranger(_ ticket: Ticket) -> Bool { register.servesStranger(ticket) }
    func shed(_ most: Int) -> [Int] { register.shed(most) }
    func recognise(_ ticket: Ticket, as member: UInt64) {
        register.recognise(ticket, as: NodeID(Bytes32(member, 0, 0, 0)))
    }
    var guests: [Int] { register.guests.sorted() }
}

@Suite("Who is connected")
struct RegisterTests {

    @Test("who has been idle longest goes for who comes, and who is served never")
    func longestIdle() {
        let book = Book()
        var tickets: [Book.Ticket] = []
        for guest in 0..<6 { tickets.append(book.admit(guest, from: UInt32(guest)).ticket!) }
        #expect(book.begin(tickets[0]))
        #expect(book.begin(tickets[1]))
        book.rest(tickets[1])
        #expect((6..<11).map { book.admit($0, from: UInt32($0)).instead } == [2, 3, 4, 5, 1])
        #expect(!book.begin(tickets[2]))
        #expect(book.guests == [0, 6, 7, 8, 9, 10])
    }

    @Test("where all strangers are served, the next are on trial until a place is free")
    func reserve() {
        let book = Book()
        let tickets = (0..<6).map { book.admit($0, from: UInt32($0)).ticket! }
        for ticket in tickets { #expect(book.begin(ticket)) }
        let (six, seven) = (book.admit(6, from: 6), book.admit(7, from: 7))
        #expect(six.instead == nil && seven.instead == nil)
        #expect(!book.servesStranger(six.ticket!))
        let eight = book.admit(8, from: 8)
        #expect(eight.instead == 6)
        book.recognise(seven.ticket!, as: 1)
        #expect(book.register.memberCount == 1)
        book.leave(tickets[3])
        #expect(book.servesStranger(eight.ticket!))
        #expect(book.register.count == 7)
    }

    @Test("a prefix has only so many, and its own idle ones go first")
    func prefix() {
        let book = Book()
        let other = book.admit(100, from: 9)
        let tickets = (0..<4).map { book.admit($0, from: 1).ticket! }
        #expect(book.admit(4, from: 1).instead == 0)
        for ticket in tickets.dropFirst() { #expect(book.begin(ticket)) }
        #expect(book.admit(5, from: 1).instead == 4)
        let last = book.admission(6, from: 1)
        guard case .admitted(let ticket, 5) = last else { return #expect(Bool(false), "\(last)") }
        #expect(book.begin(ticket))
        guard case .prefixFull = book.admission(7, from: 1) else { return #expect(Bool(false)) }
        #expect(book.begin(other.ticket!))
    }

    @Test("a member has only so many of the members' places")
    func members() {
        let book = Book()
        let tickets = (0..<4).map { book.admit($0, from: 1).ticket! }
        for ticket in tickets { book.recognise(ticket, as: 1) }
        #expect(book.register.memberCount == 2)
        #expect((4..<6).map { book.admit($0, from: 1).instead } == [nil, nil])
    }

    @Test("whatever happens, counts are right and places are used again", arguments: 1...20 as ClosedRange<UInt64>)
    func anything(seed: UInt64) {
        var generator = Generator(seed: seed)
        let book = Book()
        var open: [(guest: Int, ticket: Book.Ticket)] = []
        for guest in 0..<400 {
            switch generator.next() % 6 {
            case 0, 1:
                let prefix = UInt32(generator.next() % 5)
                guard case .admitted(let ticket, let instead) = book.admission(guest, from: prefix) else {
                    break
                }
                open.removeAll { $0.guest == instead }
                open.append((guest, ticket))
            case 2:
                guard let index = open.indices.randomElement(using: &generator) else { break }
                book.leave(open[index].ticket)
                open.remove(at: index)
            case 3:
                if let one = open.randomElement(using: &generator) { #expect(book.begin(one.ticket)) }
            case 4:
                if let one = open.randomElement(using: &generator) { book.rest(one.ticket) }
            default:
                if let one = open.randomElement(using: &generator) {
                    book.recognise(one.ticket, as: generator.next() % 3)
                    _ = book.servesStranger(one.ticket)
                }
            }
            #expect(book.guests == open.map(\.guest).sorted())
            #expect(book.register.count == open.count && open.count <= 8)
            guard book.register.count == open.count else { return }
        }
        for one in open { book.leave(one.ticket) }
        #expect(book.register.count == 0 && book.shed(10).isEmpty)
    }
}

@Suite("Shares of prefixes")
struct PrefixTests {
    private let prefix = IPAddress.v4(0x0808_0808).neighbourhood
    private let other = IPAddress.v4(0x0808_0908).neighbourhood

    @Test("neighbourhoods are a /24 and a /48")
    func neighbourhoods() {
        #expect("\(prefix)" == "8.8.8.0/24")
        #expect("\(IPAddress("2001:db8:1:2::3")!.neighbourhood)" == "2001:db8:1::/48")
    }

    @Test("one prefix gets only so many places, and all together no more than there are")
    func shares() {
        let shares = Shares<AddressRange>(3, each: 2)
        #expect(shares.take(for: prefix) == .taken)
        #expect(shares.take(for: prefix) == .taken)
        #expect(shares.take(for: prefix) == .partyFull)
        #expect(shares.take(for: nil) == .taken)
        #expect(shares.take(for: other) == .full)
        shares.giveBack(for: prefix)
        #expect(shares.take(for: other) == .taken)
    }

    private let day = WallTime(milliseconds: 86_400_000 * 20_000 + 5000)

    /// What a prefix is given, or which answer it gets.
    private func take(
        _ size: Int64, of portions: Portions, for prefix: AddressRange? = nil, remaining: ByteCount = .megabytes(100),
        at time: WallTime? = nil
    ) -> (portion: Portions.Portion?, answer: String) {
        let outcome = portions.take(
            size, of: .megabytes(10), for: prefix ?? self.prefix, remaining: remaining, at: time ?? day)
        return switch outcome {
        case .taken(let portion): (portion, "taken")
        case .held: (nil, "held")
        case .served: (nil, "served")
        }
    }

    @Test("a prefix gets a file twice a day, or a twentieth of what is left; what was not sent does not count")
    func portions() throws {
        let portions = Portions()
        let first = try #require(take(10_000_000, of: portions).portion)
        let second = try #require(take(10_000_000, of: portions).portion)
        #expect(take(1, of: portions).answer == "held")
        let third = try #require(take(1, of: portions, remaining: .megabytes(500)).portion)
        #expect(take(1, of: portions, for: other, remaining: .zero).answer == "taken")
        portions.settle(second, sent: 4_000_000, at: day)
        #expect(take(6_000_000, of: portions).answer == "held")
        portions.settle(try #require(take(5_999_999, of: portions).portion), sent: 0, at: day)
        portions.settle(first, sent: 10_000_000, at: day)
        portions.settle(third, sent: 0, at: day)
        #expect(take(6_000_001, of: portions).answer == "served")
        portions.settle(try #require(take(6_000_000, of: portions).portion), sent: 7_000_000, at: day)
        #expect(take(1, of: portions).answer == "served")
        #expect(Portions.untilTomorrow(from: day) == 86_395)
        #expect(take(20_000_000, of: portions, at: day + .seconds(86_400)).answer == "taken")
    }

    @Test("a window slides as far as the prefix's share goes, and counts on the day on which it was sent")
    func windows() throws {
        let portions = Portions()
        var portion = try #require(take(4_000_000, of: portions).portion)
        func slide(_ sent: Int64, ahead: Int64, at time: WallTime? = nil) -> Bool {
            portions.slide(
                &portion, sent: sent, next: 1_000_000, ahead: ahead, remaining: .megabytes(100), at: time ?? day)
        }
        #expect(slide(3_000_000, ahead: 4_000_000))
        let other = try #require(take(13_000_000, of: portions).portion)
        #expect(take(1, of: portions).answer == "held", "3 are sent, 4 ahead, and 13 of somebody else's")
        #expect(slide(6_000_000, ahead: 4_000_000), "1 is left, which is what it needs next")
        #expect(!slide(7_000_000, ahead: 4_000_000))
        portions.settle(other, sent: 0, at: day)
        #expect(slide(7_000_000, ahead: 4_000_000))
        #expect(slide(10_000_000, ahead: 4_000_000, at: day + .seconds(86_400)))
        portions.settle(portion, sent: 11_000_000, at: day + .seconds(86_400))
        #expect(take(16_000_000, of: portions, at: day + .seconds(86_400)).answer == "taken")
        #expect(take(1, of: portions, at: day + .seconds(86_400)).answer == "held")
    }

    @Test("a hundred thousand prefixes hardly hurt another, hide none, and leave nothing set aside")
    func manyPrefixes() throws {
        let portions = Portions()
        let (count, size, file) = (100_000, Int64(10_000), ByteCount.megabytes(10))
        for number in 0..<UInt32(count) {
            let one = IPAddress.v4(number << 8).neighbourhood
            portions.settle(try #require(take(size, of: portions, for: one).portion), sent: size, at: day)
        }
        #expect(portions.prefixesHolding == 0)
        // Three times what shares a counter on average: no prefix has that much in all four of its counters.
        let noise = 3 * Int64(count) * size / Int64(Portions.columns)
        let most = file.bytes * Portions.copies - noise
        let portion = try #require(take(most, of: portions, remaining: .zero).portion)
        #expect(take(noise + 1, of: portions, remaining: .zero).answer == "held")
        portions.settle(portion, sent: most, at: day)
        #expect(take(noise + 1, of: portions, remaining: .zero).answer == "served")
    }

    @Test("a file that was not found is not looked for again for a moment")
    func unfound() {
        let unfound = Unfound()
        let files = (0..<20_000 as Range<UInt64>).map { FileID(Bytes32($0, 1, 2, 3)) }
        for file in files { unfound.insert(file, at: .zero) }
        #expect(unfound.contains(files[19_999], at: .zero + .seconds(4)))
        #expect(!unfound.contains(files[19_999], at: .zero + .seconds(5)))
        #expect(files.count { unfound.contains($0, at: .zero) } <= Unfound.size)
        #expect(!unfound.contains(FileID(Bytes32(0, 0, 0, 0)), at: .zero))
    }

    @Test("packets cost what they carry and their headers", arguments: [WireCost.usual, .usual6, .payload])
    func wireCost(cost: WireCost) {
        #expect(cost.of(0) == 0)
        for count in [1, 1428, 1448, 1449, 1 << 20, 123_456_789] as [Int64] {
            let price = cost.ahead(count)
            #expect(price >= cost.of(count) && cost.of(count) >= count + cost.frame)
            #expect(cost.affordable(price) <= count && cost.ahead(cost.affordable(price)) <= price)
            #expect(cost.of(count, slice: 1 << 20) >= cost.of(count))
            #expect(cost.again(count) <= price - cost.of(count))
        }
        #expect(WireCost.usual.of(1448) == 1514)
        #expect(WireCost.usual.of(1449) == 1449 + 132)
        #expect(cost.affordable(.max) > 1 << 50)
    }
}
