import Primitives
import Synchronization
import Testing

@testable import node

@Suite struct DisplayWidthTests {
    @Test(arguments: [
        ("", 0), ("abc", 3), ("Grüße", 5), ("夏祭り", 6), ("отчёт", 5), ("🍲", 2), ("e\u{301}", 1), ("👩‍👩‍👧", 2), ("…", 1),
    ])
    func `a text takes the columns that a terminal gives it`(text: String, columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }

    @Test func `clipping never goes beyond the columns`() {
        #expect(DisplayWidth.clip("holiday", to: 7) == "holiday")
        #expect(DisplayWidth.clip("holiday", to: 5) == "holi…")
        #expect(DisplayWidth.clip("夏祭り", to: 4) == "夏…")
        #expect(DisplayWidth.clip("holiday", to: 1) == "…")
        #expect(DisplayWidth.clip("holiday", to: 0) == "")
        for columns in 0...12 {
            #expect(DisplayWidth.of(DisplayWidth.clip("a夏b祭cりd", to: columns)) <= columns)
        }
    }

    @Test func `padding fills to either side`() {
        #expect(DisplayWidth.pad("夏", to: 4, .left) == "夏  ")
        #expect(DisplayWidth.pad("12", to: 4, .right) == "  12")
        #expect(DisplayWidth.pad("12345", to: 4, .right) == "12345")
    }
}

@Suite struct TableTests {
    private var table: Table {
        var table = Table([.init("NAME", isFlexible: true), .init("SIZE", .right), .init("FROM")])
        table.append(["夏祭り.mp4", "1.50 GB", "attic"])
        table.append(["a-rather-long-name.tar.gz", "40 B", ""])
        return table
    }

    @Test func `columns line up, also with wide characters`() {
        #expect(
            table.lines() == [
                "NAME                          SIZE  FROM",
                "夏祭り.mp4                 1.50 GB  attic",
                "a-rather-long-name.tar.gz     40 B",
            ])
    }

    @Test func `on a narrow terminal the flexible column gives way`() {
        #expect(
            table.lines(width: 30) == [
                "NAME               SIZE  FROM",
                "夏祭り.mp4      1.50 GB  attic",
                "a-rather-long…     40 B",
            ])
        #expect(table.lines(width: 1)[1] == "夏祭り.…  1.50 GB  attic")
    }

    @Test func `a table without rows is its head`() {
        #expect(Table([.init("A"), .init("B")]).lines() == ["A  B"])
    }

    @Test func `facts stand in two columns`() {
        var sheet = FactSheet()
        sheet.append("Name", "attic")
        sheet.append("Reached at", "http://192.0.2.1:8080")
        #expect(sheet.lines == ["Name        attic", "Reached at  http://192.0.2.1:8080"])
    }
}

@Suite struct ProgressTests {
    private func progress(_ done: Int64, of total: Int64, rate: Double? = nil) -> Progress {
        Progress(label: "holiday.mp4", done: .megabytes(done), total: .megabytes(total), rate: rate)
    }

    @Test func `a line holds name, bar, share, bytes, rate and time left`() {
        #expect(
            progress(128, of: 256, rate: 64e6).line(width: 100, isUnicode: true)
                == "holiday.mp4  █████████████░░░░░░░░░░░░░   50 %  128 MB of 256 MB  64.0 MB/s  2 s left")
        #expect(
            progress(128, of: 256).line(width: 100, isUnicode: false)
                == "holiday.mp4  [##############--------------]   50 %  128 MB of 256 MB")
    }

    @Test func `no line is wider than the terminal, whatever the width`() {
        for width in 1...120 {
            for done: Int64 in [0, 1, 77, 255, 256] {
                for isUnicode in [true, false] {
                    var progress = progress(done, of: 256, rate: 12_345_678)
                    progress.label = "夏祭り holiday with a long name.mp4"
                    #expect(DisplayWidth.of(progress.line(width: width, isUnicode: isUnicode)) <= width)
                }
            }
        }
    }

    @Test func `a world's progress is told in virtual days`() {
        let day = ByteCount(86_400_000)
        let progress = Progress(label: "Split", done: day, total: day * 4, unit: .days, rate: 43_200_000)
        #expect(progress.plainLine == "Split:  25 %  1 of 4 days  0.5 days/s  6 s left")
    }

    @Test func `a hundred percent is said when all is done, not before`() {
        #expect(progress(255, of: 256).plainLine == "holiday.mp4:  99 %  255 MB of 256 MB")
        #expect(progress(256, of: 256).plainLine == "holiday.mp4: 100 %  256 MB of 256 MB")
        #expect(progress(0, of: 0).fraction == 1)
        #expect(progress(300, of: 256).fraction == 1)
        #expect(progress(-1, of: 256).fraction == 0)
    }

    @Test func `copies are counted whole`() {
        let copies = Progress(
            label: "Copies", done: .megabytes(300), total: .megabytes(768), unit: .copies(of: .megabytes(256)), rate: 5)
        #expect(copies.plainLine == "Copies:  39 %  1 of 3 copies")
        let empty = Progress(label: "Copies", done: .zero, total: .zero, unit: .copies(of: .zero))
        #expect(empty.plainLine == "Copies: 100 %")
    }
}

@Suite struct RateMeterTests {
    @Test func `a steady flow has its rate, and a stall brings it down`() {
        var meter = RateMeter()
        var now = Instant.zero
        for second in 0...20 {
            meter.record(.megabytes(Int64(second)), at: now)
            now = now + .seconds(1)
        }
        #expect(meter.rate == 1e6)
        for _ in 0..<5 {
            meter.record(.megabytes(20), at: now)
            now = now + .seconds(1)
        }
        #expect(meter.rate == 0)
    }

    @Test func `nothing is claimed before half a second`() {
        var meter = RateMeter()
        meter.record(.zero, at: .zero)
        meter.record(.megabytes(1), at: .zero + .milliseconds(400))
        #expect(meter.rate == nil)
        meter.record(.megabytes(1), at: .zero + .milliseconds(500))
        #expect(meter.rate == 2e6)
    }

    @Test func `a thousand reports a second cost no memory and change nothing`() throws {
        var meter = RateMeter()
        for millisecond in 0...10_000 {
            meter.record(ByteCount(Int64(millisecond) * 1000), at: .zero + .milliseconds(millisecond))
        }
        let rate = try #require(meter.rate)
        #expect((990_000...1_010_000).contains(rate))
    }
}
