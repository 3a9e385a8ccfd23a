import Foundation
import Primitives
import Testing

@testable import Simulation

@Suite("Reports of worlds")
struct ReportTests {
    private let report = SampleReport.report

    /// A world in which nobody does anything.
    private static let empty = WorldReport(
        world: WorldReport.World(
            name: "<a & \"b\">", seed: .max, length: .zero, nodes: 0, running: 0, files: 0, share: .zero, loss: 0))

    // MARK: JSON

    @Test("the JSON has the documented keys, and says null where nothing was observed")
    func keys() throws {
        let keys = [
            "world", "violations", "overlay", "pulses", "news", "liveness", "agreement", "allowance", "service",
            "coordinates",
        ]
        for report in [report, Self.empty] {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
            #expect(object.keys.sorted() == keys.sorted())
        }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        let overlay = try #require(object["overlay"] as? [String: Any])
        let sent = try #require(overlay["sentBytesPerMonth"] as? [String: Any])
        #expect(sent["p99"] as? Int == 42_000_000)
        let news = try #require(object["news"] as? [String: Any])
        #expect((news["statusAgeSeconds"] as? [String: Any])?["p99"] as? Double == 322)
        let nothing = try #require(
            try JSONSerialization.jsonObject(with: Data(Self.empty.json.utf8)) as? [String: Any])
        #expect((nothing["news"] as? [String: Any])?["statusAgeSeconds"] is NSNull)
        #expect((nothing["world"] as? [String: Any])?["name"] as? String == "<a & \"b\">")
    }

    @Test("every key of the JSON is explained in the topologies' README")
    func documented() throws {
        let readme = try String(
            contentsOfFile: URL(filePath: #filePath).deletingLastPathComponent()
                .appending(path: "../../topology/README.md").path(), encoding: .utf8)
        var missing: Set<String> = []
        func check(_ value: Any) {
            if let object = value as? [String: Any] {
                for (key, value) in object {
                    if !readme.contains("`\(key)`") { missing.insert(key) }
                    check(value)
                }
            }
            for element in value as? [Any] ?? [] { check(element) }
        }
        check(try JSONSerialization.jsonObject(with: Data(report.json.utf8)))
        #expect(missing == [])
    }

    // MARK: Text

    @Test("the text begins with the world and the outcome, and its lines are not too long")
    func text() {
        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "Bloggers, seed 7: 60 nodes, 30 d, 0.5 % loss")
        #expect(lines[1].hasPrefix("60 nodes served 97.8 % of "))
        #expect(lines.dropFirst(2).allSatisfy { $0.count <= 92 })
        #expect(Self.empty.text.contains("0 nodes"))
    }

    // MARK: The page

    @Test("the page is well formed, with and without anything in it")
    func wellFormed() {
        for report in [report, Self.empty] {
            let open = Self.openElements(in: report.html)
            #expect(open == [], "\(open)")
        }
    }

    /// The elements that are not closed, or not in their order; those that HTML leaves open aside.
    private static func openElements(in page: String) -> [String] {
        var open: [String] = []
        for part in page.split(separator: "<").dropFirst() {
            guard let end = part.firstIndex(of: ">") else { return open + ["<\(part)"] }
            let tag = part[..<end]
            let name = String(tag.prefix { $0.isLetter || $0.isNumber || $0 == "/" || $0 == "!" })
            if name == "!" || name == "!doctype" || name == "meta" || tag.hasSuffix("/") { continue }
            guard name.hasPrefix("/") else {
                open.append(name)
                continue
            }
            guard let last = open.last, last == name.dropFirst() else { return open + [name] }
            open.removeLast()
        }
        return open
    }

    @Test("the page needs nothing but itself")
    func selfContained() {
        let page = report.html
        for outside in ["http:", "https:", "//", "src=", "href=", "url(", "@import", "<script", "<link", "<img"] {
            #expect(!page.contains(outside), "\(outside)")
        }
    }

    @Test("names in a topology are words on the page, and nothing else")
    func escaped() {
        #expect(Self.empty.html.contains("&lt;a &amp; &quot;b&quot;&gt;"))
        #expect(!Self.empty.html.contains("<a &"))
    }

    @Test("each picture has a name for those who do not see it, and a table behind it")
    func accessible() {
        let page = report.html
        let pictures = page.components(separatedBy: "role=\"img\"").count - 1
        #expect(pictures == 7)
        #expect(page.components(separatedBy: "aria-label=").count - 1 == pictures)
        #expect(page.components(separatedBy: "<details>").count - 1 == pictures)
    }

    // MARK: Figures

    @Test(
        "numbers are written alike everywhere",
        arguments: [
            (Figures.fixed(1.005, 1), "1.0"), (Figures.fixed(-0.04, 1), "0.0"), (Figures.fixed(.infinity, 2), "0"),
            (Figures.short(2.50, 2), "2.5"), (Figures.short(-3, 2), "-3"), (Figures.count(1_234_567), "1 234 567"),
            (Figures.count(12), "12"), (Figures.percent(0.9996), "99.9 %"), (Figures.percent(1), "100 %"),
            (Figures.percent(0.000_52), "0.052 %"), (Figures.duration(.microseconds(12_340)), "12.3 ms"),
            (Figures.duration(.seconds(250)), "4 min 10 s"), (Figures.duration(.seconds(30 * 86_400)), "30 d"),
            (Figures.span(.seconds(86_400)), "a day"), (Figures.span(.seconds(5_400)), "an hour and 30 minutes"),
            (Figures.size(.megabytes(21)), "21 MB"), (Figures.size(.megabytes(1_500)), "1.5 GB"),
        ])
    func figures(written: String, expected: String) {
        #expect(written.replacingOccurrences(of: "\u{202F}", with: " ") == expected)
    }
}
