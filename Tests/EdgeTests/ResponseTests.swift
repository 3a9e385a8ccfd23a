import Allowance
import NIOCore
import Primitives
import Synchronization
import Testing
import Transport

@testable import Edge

@Suite("What responses are made of")
struct ResponsePartTests {
    @Test(
        "dates are written as HTTP writes them",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
        ])
    func dates(_ second: Int64, _ text: String) {
        var date = HTTPDate()
        #expect(String(decoding: date.text(at: WallTime(milliseconds: second * 1000 + 999)), as: UTF8.self) == text)
    }

    @Test("numbers, FileIDs, digests and URLs are written as they should be")
    func writing() {
        var buffer = ByteBuffer()
        for number in [0, 7, 10, 206, Int64.max] {
            buffer.write(decimal: number)
            buffer.writeStaticString(" ")
        }
        buffer.write(url: "http://a/ä\r\n b\"%20".utf8)
        buffer.writeStaticString(" ")
        buffer.write(encodingSegment: "a b/ä?".utf8)
        #expect(
            String(buffer: buffer)
                == "0 7 10 206 9223372036854775807 http://a/%C3%A4%0D%0A%20b%22%20 a%20b%2F%C3%A4%3F")
        var generator = Generator(seed: 1)
        for _ in 0..<50 {
            let bytes = Bytes32(generator.next(), generator.next(), generator.next(), generator.next())
            var text = ByteBuffer()
            text.write(base32: FileID(bytes))
            #expect(String(buffer: text) == FileID(bytes).description)
        }
        var digest = ByteBuffer()
        digest.write(base64: Bytes32(0, 0, 0, UInt64.max))
        #expect(String(buffer: digest) == "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA//////////8=")
    }

    @Test("scripts are saved, films are shown, and what is no media type is bytes")
    func presentation() {
        func shown(_ name: String, _ type: String) -> [String] {
            let presentation = Presentation(name: name, mediaType: type)
            return [presentation.mediaType, presentation.disposition]
        }
        #expect(shown("a.mp4", "video/mp4") == ["video/mp4", "inline; filename=\"a.mp4\""])
        #expect(shown("a.html", "Text/HTML") == ["Text/HTML", "attachment; filename=\"a.html\""])
        #expect(shown("a.svg", "image/svg+xml") == ["image/svg+xml", "attachment; filename=\"a.svg\""])
        #expect(shown("a.xml", "application/xml")[1].hasPrefix("attachment"))
        for type in ["", "video", "video/", "/mp4", "video/mp4\r\nX: y", "video/ä", "a b/c", "a/;b"] {
            #expect(shown("a", type) == ["application/octet-stream", "attachment; filename=\"a\""])
        }
        #expect(
            shown("f\"i\\l/e ä.txt", "text/plain; charset=utf-8") == [
                "text/plain; charset=utf-8",
                "inline; filename=\"f_i_l_e _.txt\"; filename*=UTF-8''f%22i%5Cl%2Fe%20%C3%A4.txt",
            ])
    }

    @Test("JSON survives whatever names hold")
    func json() {
        var json = JSONText()
        json.object { json in
            json.key("a")
            json.array { json in
                json.value("\"\\\u{1}ä\n")
                json.value(1.23456)
                json.value(-5 as Int64)
                json.value(true)
                json.null()
            }
            json.key("b")
            json.object { _ in }
            json.key("c")
            json.value(Double.infinity)
        }
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"a":["\"\\\u0001ä\u000a",1.235,-5,true,null],"b":{},"c":null}"#)
    }
}

@Suite("Payment of a response")
struct PaymentTests {
    private static let mebibyte: Int64 = 1 << 20

    private func account(share: ByteCount, durable: ByteCount = .max / 4) -> Account {
        let account = Account(Leases(terms: Terms(share: share), spent: .zero, durable: .zero), onLow: { _ in })
        account.extend(to: ClassTotals(serving: durable))
        return account
    }

    @Test("a range is reserved whole, paid slice by slice with its head first, and leaves nothing reserved")
    func whole() throws {
        let account = account(share: .gigabytes(1))
        var payment = try #require(
            Payment(
                head: 100, body: 10..<10 + 5 * Self.mebibyte / 2, isOpenEnded: false, traffic: .serving,
                account: account))
        #expect(account.usage.reserved.serving == ByteCount(100 + 5 * Self.mebibyte / 2))
        var steps: [Payment.Step] = []
        for _ in 0..<5 { steps.append(payment.step(account, orResume: {})) }
        #expect(
            steps == [
                .send(10..<10 + Self.mebibyte, head: true),
                .send(10 + Self.mebibyte..<10 + 2 * Self.mebibyte, head: false),
                .send(10 + 2 * Self.mebibyte..<10 + 5 * Self.mebibyte / 2, head: false), .done, .done,
            ])
        payment.settle(account)
        #expect(account.usage.reserved == .zero)
        #expect(account.usage.spent.serving == ByteCount(100 + 5 * Self.mebibyte / 2))
        #expect(payment.paid == 100 + 5 * Self.mebibyte / 2)
    }

    @Test("what the wire may cost beyond the headers is held for one slice, and taken again while there is room")
    func ahead() throws {
        let (cost, body) = (WireCost.usual, 10 * Payment.slice)
        let beyond = cost.ahead(Payment.slice) - cost.of(Payment.slice)
        let held = cost.ahead(100) + cost.of(body, slice: Payment.slice) + beyond
        for isCrowded in [false, true] {
            let account = account(share: .gigabytes(1))
            var payment = try #require(
                Payment(
                    head: 100, body: 0..<body, isOpenEnded: false, traffic: .serving, cost: cost, account: account))
            #expect(account.usage.reserved.serving == ByteCount(held))
            if isCrowded {
                for size in [100_000_000, 1_000_000, 10_000, 100, 1] as [Int64] {
                    while account.reserve(ByteCount(size), for: .serving) {}
                }
            }
            var sent: Int64 = 0
            while case .send(let slice, _) = payment.step(account, orResume: {}) { sent += Int64(slice.count) }
            #expect(sent == body)
            #expect(payment.paid == (isCrowded ? held : held + 9 * beyond))
        }
    }

    @Test("what does not fit does not start")
    func tooLarge() {
        let account = account(share: .megabytes(10))
        let payment = Payment(
            head: 100, body: 0..<9_000_000, isOpenEnded: false, traffic: .serving, account: account)
        #expect(payment == nil)
        #expect(account.usage.reserved == .zero)
    }

    @Test("an empty file is a head")
    func empty() throws {
        let account = account(share: .gigabytes(1))
        var payment = try #require(
            Payment(head: 100, body: 0..<0, isOpenEnded: false, traffic: .serving, account: account))
        #expect(payment.step(account, orResume: {}) == .send(0..<0, head: true))
        #expect(payment.step(account, orResume: {}) == .done)
        #expect(account.usage.spent.serving == ByteCount(100))
    }

    @Test("an open-ended range holds a window that slides, and ends where the allowance does")
    func window() throws {
        let account = account(share: .mebibytes(150))
        let ceiling = Terms(share: .mebibytes(150)).ceiling(.serving).bytes
        var payment = try #require(
            Payment(
                head: 100, body: 0..<1000 * Self.mebibyte, isOpenEnded: true, traffic: .serving, account: account))
        #expect(account.usage.reserved.serving == ByteCount(100 + Payment.window))
        #expect(payment.step(account, orResume: {}) == .send(0..<Self.mebibyte, head: true))
        #expect(payment.step(account, orResume: {}) == .send(Self.mebibyte..<2 * Self.mebibyte, head: false))
        #expect(account.usage.reserved.serving == ByteCount(Payment.window - Self.mebibyte))
        var last = Payment.Step.wait
        for _ in 0..<1000 {
            last = payment.step(account, orResume: {})
            guard case .send = last else { break }
        }
        #expect(last == .exhausted)
        #expect(payment.paid <= ceiling && payment.paid > ceiling - 2 * Self.mebibyte)
        payment.settle(account)
        #expect(account.usage.reserved == .zero)
        #expect(account.usage.spent.serving == ByteCount(payment.paid))
    }

    @Test("a slice waits for its lease, and is not paid until it came")
    func lease() throws {
        let account = account(share: .gigabytes(1), durable: ByteCount(Self.mebibyte + 100))
        let resumed = Mutex(0)
        var payment = try #require(
            Payment(
                head: 100, body: 0..<2 * Self.mebibyte, isOpenEnded: false, traffic: .serving, account: account))
        #expect(payment.step(account, orResume: {}) == .send(0..<Self.mebibyte, head: true))
        #expect(payment.step(account, orResume: { resumed.withLock { $0 += 1 } }) == .wait)
        #expect(payment.paid == Self.mebibyte + 100)
        account.extend(to: ClassTotals(serving: .gigabytes(1)))
        #expect(resumed.withLock { $0 } == 1)
        #expect(
            payment.step(account, orResume: {}) == .send(Self.mebibyte..<2 * Self.mebibyte, head: false))
    }
}
