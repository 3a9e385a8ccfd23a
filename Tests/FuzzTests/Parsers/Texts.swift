import Catalogue
import Console
import Foundation
import Primitives

@testable import Transport

extension Subject {
    /// What people type and paste, and what stands in links: each with the text that it would be written as.
    static let texts: [Subject] = [
        text("link", "http://a.example:8080/f/\(Samples.file)/film%20a.mp4", "HTTPS://h/f/\(Samples.file)/?x#y") {
            text in
            guard let link = Link(text) else { return false }
            try claim(Link(link.description) == link, "\(link) is read as another link")
            return true
        },
        text("invite", Samples.invite.description) { text in
            switch Result(catching: { () throws(InviteError) in try Invite(text) }) {
            case .success(let invite):
                try claimPrintable(invite.url, "the inviter's URL")
                try claim((try? Invite(invite.description)) == invite, "an invite is read as another")
                return true
            case .failure(let error):
                try claimPrintable("\(error)", "the error")
                return false
            }
        },
        text("address", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1:0:0:2") { text in
            guard let address = IPAddress(text) else { return false }
            try claim(IPAddress(address.description) == address, "\(address) is read as another")
            return true
        },
        text("endpoint", "192.0.2.1:8080", "[2001:db8::1]:443") { text in
            guard let endpoint = Endpoint(text) else { return false }
            try claim(Endpoint(endpoint.description) == endpoint, "\(endpoint) is read as another")
            return true
        },
        text("address-range", "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0", "::/128") { text in
            guard let range = AddressRange(text) else { return false }
            try claim(AddressRange(range.description) == range, "\(range) is read as another")
            try claim(range.contains(range.first), "\(range) is without its first address")
            return true
        },
        text("node-id", Samples.file.description, Samples.file.description.uppercased()) { text in
            guard let id = NodeID(text) else { return false }
            try claim(id.description == text.lowercased(), "\(id) has another spelling")
            return true
        },
        text("byte-count", "10GB", "8 GiB", "1.5 MB", "4096", "9223372036854775807", "8.999999999PiB") { text in
            guard let count = ByteCount(text) else { return false }
            try claim(count >= .zero, "less than nothing: \(count.bytes)")
            _ = count.description
            return true
        },
        text("place", "52.52,13.40", "-90,-180", "1e1,2e-300") { text in
            guard let place = Place(text) else { return false }
            try claim(Place(place.description) == place, "\(place) is read as another")
            return true
        },
        text("file-name", "film.mp4", "страница 4.html") { text in
            try claimPrintable(FileName.printable(text), "a printable name")
            switch Result(catching: { () throws(OperatorError) in try FileName.check(text) }) {
            case .success:
                try claim(Posting.isName(text), "a name that no posting has")
                return true
            case .failure(let error):
                try claimPrintable(error.sentence, "the error")
                return false
            }
        },
        text("media-type", "video/mp4", "text/html; charset=utf-8") { text in
            _ = MediaType.of(name: text)
            return MediaType.isWellFormed(text)
        },
    ]

    private static func text(
        _ name: String, _ seeds: String..., check: @escaping @Sendable (String) throws -> Bool
    ) -> Subject {
        Subject(
            name: name, limit: 300, seeds: { seeds.map { Array($0.utf8) } },
            words: [
                ":", "::", "/", "//", "[", "]", ".", ",", "-", "+", "e308", "0x", "%", "%41", "%2F", "\u{301}",
                "\u{FF11}",
                "\u{661}", "\u{2028}", "\u{202E}", "\u{200B}", "..", "\0", " ", "\t", "9223372036854775807",
                "99999999999999999999",
                "KiB", "PB",
                "nan", "inf", "potluck1", "http://", "/f/",
            ],
            check: { try check(String(decoding: $0, as: UTF8.self)) })
    }
}
