import Console
import Foundation

extension Subject {
    /// What commands read from nodes that they do not know.
    static let commands: [Subject] = [
        Subject(
            name: "mirrorlist", limit: 2000, shortRun: 1500,
            seeds: {
                [
                    "[{\"url\":\"http://a:1/f/\(Samples.file)/x\"},{\"url\":\"https://b/f/\(Samples.file)/y\",\"z\":[1,{}]}]"
                ]
                .map { Array($0.utf8) }
            },
            words: [
                "[", "]", "{", "}", "\"url\":", "\"", "\\ud800", "\\u0000", ":", ",", "http://", "/f/", "null", "1e999",
            ],
            check: { bytes in
                let mirrors = Link.mirrors(in: Data(bytes), of: Samples.file)
                for mirror in mirrors { try claim(mirror.contains("/f/"), "a mirror that is no link") }
                return !mirrors.isEmpty
            })
    ]
}
