import Console
import Foundation
import Primitives
import Testing

@Suite struct LinkTests {
    private let file = FileID(Bytes32(1, 2, 3, 4))

    @Test(arguments: [
        "holiday.mp4", "Urlaub 2026 (1).mp4", "夏祭り.mp4", "отчёт 50%.pdf", "a&b?c#d.txt", "🍲.webm", "é", "+ +",
    ])
    func `a link reads back as what it was made of, whatever the name`(name: String) throws {
        let link = Link(node: "http://192.0.2.1:8080", file: file, name: name)
        #expect(Link(link.description) == link)
        #expect(link.description.utf8.allSatisfy { (33..<127).contains($0) })
    }

    @Test func `a link is written as browsers take it`() {
        let link = Link(node: "http://[2001:db8::1]:8080", file: file, name: "a b.mp4")
        #expect(link.description == "http://[2001:db8::1]:8080/f/\(file)/a%20b.mp4")
    }

    @Test func `queries, fragments, names and their slash may be missing or there`() {
        let bare = Link(node: "https://cdn.example", file: file, name: "")
        #expect(Link("https://cdn.example/f/\(file)") == bare)
        #expect(Link("https://cdn.example/f/\(file)/") == bare)
        #expect(Link("https://cdn.example/f/\(file)/x.mp4?via=abc#t=3")?.name == "x.mp4")
        #expect(Link("HTTPS://cdn.example/f/\(file)/夏.mp4")?.name == "夏.mp4")
    }

    @Test(arguments: [
        "", "holiday.mp4", "http://", "http:///f/x", "ftp://host/f/%/x", "http://host/f/", "http://host/g/%/x",
        "http://host/f/abc/x", "http://host", "http://host/f/%/%zz", "http://host/f/%/%ff",
    ])
    func `what is no link is nothing`(text: String) {
        #expect(Link(text.replacing("/%/", with: "/\(file)/")) == nil)
    }

    @Test func `a file is named by a link or by its identifier alone`() {
        #expect(Link.file(in: "\(file)") == file)
        #expect(Link.file(in: "http://host:1/f/\(file)/name") == file)
        #expect(Link.file(in: "\(file)a") == nil)
        #expect(Link.file(in: "name") == nil)
    }

    @Test func `mirrors that are not of this file are left away`() {
        let good = "http://192.0.2.1:8080/f/\(file)/a"
        let json =
            #"[{"url":"\#(good)","complete":true},{"url":"http://evil/f/x"},{"url":"http://h/f/\#(FileID(.zero))/a"}]"#
        #expect(Link.mirrors(in: Data(json.utf8), of: file) == [good])
        #expect(Link.mirrors(in: Data("<html>".utf8), of: file) == [])
    }
}

@Suite struct FileNameTests {
    @Test(arguments: ["a", "夏祭り.mp4", "a b", ".hidden", "…", String(repeating: "x", count: 255)])
    func `names in any script pass`(name: String) throws {
        try FileName.check(name)
    }

    @Test(arguments: [
        ("", "at least one character"), (".", "directory"), ("..", "directory"), ("a/b", "no slashes"),
        ("a\nb", "control"), ("a\u{0}", "control"), ("\u{202E}gpj.exe", "direction"),
        ("a\u{200F}b", "direction"), ("a\u{2066}b", "direction"),
        (String(repeating: "x", count: 256), "256 bytes"), (String(repeating: "夏", count: 86), "258 bytes"),
    ])
    func `names that are none are refused with the reason`(name: String, reason: String) {
        let error = #expect(throws: OperatorError.self) { try FileName.check(name) }
        #expect(error?.kind == .unusable)
        #expect(error?.sentence.contains(reason) == true)
    }

    @Test func `what is printed holds nothing that moves a cursor or turns the text`() {
        #expect(FileName.printable("a\u{1B}[2Jb\u{202E}c") == "a\u{FFFD}[2Jb\u{FFFD}c")
        #expect(FileName.printable("夏祭り 🍲") == "夏祭り 🍲")
    }
}

@Suite struct MediaTypeTests {
    @Test(arguments: [
        ("holiday.mp4", "video/mp4"), ("HOLIDAY.MP4", "video/mp4"), ("archive.tar.gz", "application/gzip"),
        ("夏.pdf", "application/pdf"), ("notes.txt", "text/plain; charset=utf-8"),
        ("README", "application/octet-stream"), (".mp4", "application/octet-stream"),
        ("a.", "application/octet-stream"), ("x.unheard", "application/octet-stream"),
    ])
    func `the ending of a name tells the type`(name: String, type: String) {
        #expect(MediaType.of(name: name) == type)
        #expect(MediaType.isWellFormed(type))
    }

    @Test(arguments: ["", "video", "video/", "/mp4", "a/b/c", "vi deo/mp4", "video/mp4\r\nX: y", "видео/mp4"])
    func `what is no type is refused`(text: String) {
        #expect(!MediaType.isWellFormed(text))
    }

    @Test func `a type longer than a posting holds is refused`() {
        #expect(MediaType.isWellFormed("video/" + String(repeating: "x", count: 121)))
        #expect(!MediaType.isWellFormed("video/" + String(repeating: "x", count: 122)))
    }
}
