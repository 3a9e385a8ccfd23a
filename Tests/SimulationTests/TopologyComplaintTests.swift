import Testing

@testable import Simulation

@Suite("A topology file that cannot be read")
struct TopologyComplaintTests {
    /// What stands in the file, with `|` between lines, and what is said of it after the file's name.
    private static let cases: [(yaml: String, complaint: String)] = [
        (
            "nodes: [{name: home}]|colour: red",
            "2: there is no key “colour” here; write name, summary, seed, days, pulse, nodes, links, "
                + "clients, files, demand or faults"
        ),
        (
            "node: []",
            "1: there is no key “node” here; did you mean “nodes”?"
        ),
        (
            "name: x",
            "1: “nodes” is missing; write for example “nodes: [{name: home, location: Berlin}]”"
        ),
        (
            "",
            "1: a world is written one key a line, beginning with “nodes:”"
        ),
        (
            "- a",
            "1: a world is written one key a line, beginning with “nodes:”"
        ),
        (
            "nodes: [{name: home}",
            "2: this is not YAML (did not find expected ',' or ']'); write “key: value”, one a line, and "
                + "indent with spaces"
        ),
        (
            "nodes:|  - name: home|\tcount: 3",
            "3: this is not YAML (found a tab character that violates indentation); write “key: value”, one "
                + "a line, and indent with spaces"
        ),
        (
            "nodes:|  - name: home|    share: 8GB|    share: 9GB",
            "4: “share” stands here for the second time; keep one of them"
        ),
        (
            "demand:|  requests: 1/day|  crowds:|    - requests: 7|  requests: 2/day|nodes: [{name: home}]",
            "5: “requests” stands here for the second time; keep one of them"
        ),
        (
            "nodes: [{name: home}]|name: a\u{1}",
            "2: this is not YAML (control characters are not allowed); write text in UTF-8, and nothing else"
        ),
        (
            "name: a|nodes: [{name: home}]|name: b",
            "3: “name” stands here for the second time; keep one of them"
        ),
        (
            "nodes: home",
            "1: nodes: a list is wanted here; write one item a line, each after “- ”"
        ),
        (
            "nodes: []",
            "1: nodes: there is no node here; write for example “- {name: home, location: Berlin}”"
        ),
        (
            "nodes: [home]",
            "1: nodes: “key: value” is wanted here, one a line; topology/README.md tells the keys"
        ),
        (
            "nodes: [{count: 3}]",
            "1: nodes: “name” is missing; write for example “name: home”"
        ),
        (
            "nodes:|  - name: home|    shares: 8GB",
            "3: nodes: there is no key “shares” here; did you mean “share”?"
        ),
        (
            "nodes:|  - name: home|    share: lots",
            "3: nodes.share: “lots” is not a size; write for example 8GB, or a range such as 2GB..32GB"
        ),
        (
            "nodes:|  - name: home|    share: 32GB..2GB",
            "3: nodes.share: “32GB..2GB” is not a size; write for example 8GB, or a range such as 2GB..32GB"
        ),
        (
            "nodes:|  - name: home|    share:",
            "3: nodes.share: a value is missing; write one behind the colon, or leave the key away"
        ),
        (
            "nodes:|  - name: home|    share: [8GB]",
            "3: nodes.share: one value is wanted here; write for example “share: …” on a line of its own"
        ),
        (
            "nodes:|  - name: home|    allowance: 10GB",
            "3: nodes.allowance: “10GB” is not an amount per period; write for example 10GB/month, "
                + "200GiB/week or 2GB..32GB/day"
        ),
        (
            "nodes:|  - name: home|    allowance: 10GB/year",
            "3: nodes.allowance: “10GB/year” is not an amount per period; write for example 10GB/month, "
                + "200GiB/week or 2GB..32GB/day"
        ),
        (
            "nodes:|  - name: home|    allowance: 10GB/month|    share: 11GB",
            "4: nodes.share: a share of 11.0 GB is more than the allowance of 10.0 GB; lower the one or "
                + "raise the other"
        ),
        (
            "nodes:|  - name: home|    uplink: 100MB",
            "3: nodes.uplink: “100MB” is not a rate; write for example 100Mbit, or a range such as "
                + "10Mbit..1Gbit"
        ),
        (
            "nodes:|  - name: home|    disk: 0B",
            "3: nodes.disk: “0B” is not a size; write for example 8GB, or a range such as 2GB..32GB"
        ),
        (
            "nodes:|  - name: home|    skew: soon",
            "3: nodes.skew: “soon” is not a time; write for example 2s or -2s, or a range such as -2s..2s"
        ),
        (
            "nodes:|  - name: home|    starts: -1s",
            "3: nodes.starts: “-1s” is not a time; write for example 10min, or a range such as 0s..10min"
        ),
        (
            "nodes:|  - name: home|    honesty: perhaps",
            "3: nodes.honesty: “perhaps” is none of the words that belong here; write honest, "
                + "understates-spend, sends-bad-pieces or names-foreign-url"
        ),
        (
            "nodes:|  - name: home|    count: 0",
            "3: nodes.count: “0” is no number that can stand here; write a whole one from 1 to 10000"
        ),
        (
            "nodes:|  - name: home|    count: 10001",
            "3: nodes.count: “10001” is no number that can stand here; write a whole one from 1 to 10000"
        ),
        (
            "nodes:|  - {name: a, count: 9999}|  - {name: b, count: 2}",
            "3: nodes: this makes 10001 nodes; a world has at most 10000, so lower a “count”"
        ),
        (
            "nodes:|  - name: home|    location: Berln",
            "3: nodes.location: “Berln” is no place that is known here; did you mean “Berlin”?"
        ),
        (
            "nodes:|  - name: home|    location: 99,0",
            "3: nodes.location: “99,0” is no place that is known here; write a latitude and longitude such "
                + "as 52.52,13.40, a country such as DE, a large city, or europe, north-america, south-america, "
                + "asia, africa, oceania or world"
        ),
        (
            "nodes:|  - name: home|    location: {europe: many}",
            "3: nodes.location.europe: “many” is no number that can stand here; write one from 0 to 1000000"
        ),
        (
            "nodes:|  - name: home|    location: {europe: 0}",
            "3: nodes.location: there is no place with a weight here; write for example {europe: 3, Tokyo: "
                + "1}"
        ),
        (
            "nodes:|  - name: home|    spread: 3 miles",
            "3: nodes.spread: “3 miles” is not a distance; write for example 50km"
        ),
        (
            "nodes:|  - name: home|    host: p000",
            "3: nodes.host: hosts stand in a matrix of delays; write “links: {latency: {matrix: <path>}}” "
                + "too"
        ),
        (
            "nodes:|  - name: home|  - name: home",
            "3: nodes.name: “home” is a name already; choose another"
        ),
        (
            "nodes:|  - name: europe",
            "2: nodes.name: “europe” means something else already; choose another name"
        ),
        (
            "nodes:|  - name: 1st",
            "2: nodes.name: “1st” cannot be a name here; begin with a letter, and use letters a to z, "
                + "digits, dots, dashes and spaces, 40 at most"
        ),
        (
            "nodes:|  - name: a-1|  - {name: a, count: 2}",
            "3: nodes: “a-1” is the name of a node already; choose another for the group"
        ),
        (
            "nodes: [{name: home}]|days: 0",
            "2: days: “0” is not a number of days up to 366; write for example 30 or 0.5"
        ),
        (
            "nodes: [{name: home}]|days: 400",
            "2: days: “400” is not a number of days up to 366; write for example 30 or 0.5"
        ),
        (
            "nodes: [{name: home}]|seed: -1",
            "2: seed: “-1” is no number that can stand here; write a whole one from 0 to 9223372036854775807"
        ),
        (
            "nodes: [{name: home}]|pulse: 1h",
            "2: pulse: “1h” is not a time from 1s to 600s; write for example 1s or 2m, or auto"
        ),
        (
            "nodes: [{name: home}]|links: {loss: 2}",
            "2: links.loss: “2” is no part of a whole; write for example 2 %"
        ),
        (
            "nodes: [{name: home}]|links: {loss: 200 %}",
            "2: links.loss: “200 %” is no part of a whole; write for example 2 %"
        ),
        (
            "nodes: [{name: home}]|links: {latency: near}",
            "2: links.latency: “near” is not a delay; write geography, a time such as 20ms, a range such as "
                + "1ms..60ms, or {matrix: <path>}"
        ),
        (
            "nodes: [{name: home}]|links: {latency: {matrix: absent.tsv}}",
            "2: links.latency.matrix: “absent.tsv” cannot be read; write the path of a matrix from this "
                + "file on"
        ),
        (
            "nodes: [{name: home}]|links: {latency: {table: absent.tsv}}",
            "2: links.latency: there is no key “table” here; write matrix"
        ),
        (
            "nodes: [{name: home}]|links: {capacity: fast}",
            "2: links.capacity: “fast” is not a rate; write for example 100Mbit, in bits a second"
        ),
        (
            "nodes: [{name: home}]|clients: Atlantis",
            "2: clients: “Atlantis” is no place that is known here; did you mean “Atlanta”?"
        ),
        (
            "nodes: [{name: home}]|files: [{name: film, publisher: home}]",
            "2: files: “length” is missing; write for example “length: 700MB”"
        ),
        (
            "nodes: [{name: home}]|files: [{name: film, length: 1MB}]",
            "2: files: “publisher” is missing; write for example “publisher: home”"
        ),
        (
            "nodes: [{name: home}]|files:|  - {name: film, length: 1MB, publisher: hoem}",
            "3: files.publisher: “hoem” is no node, group or part of the world; write a name that stands "
                + "under “nodes”, or such as europe"
        ),
        (
            "nodes: [{name: home}]|files:|  - {name: film, length: 1MB, publisher: home, posted: 2d}",
            "3: files.posted: “2d” comes after the end of the run; write an earlier time, or more “days”"
        ),
        (
            "nodes: [{name: home}]|files:|  - {name: film, length: 1MB, publisher: home, replicas: 256}",
            "3: files.replicas: “256” is no number that can stand here; write a whole one from 0 to 255"
        ),
        (
            "nodes: [{name: home}]|demand: {requests: 5/day}",
            "2: demand: there is nothing to ask for; write “files:” too"
        ),
        (
            "nodes: [{name: home}]|files: [{name: f, length: 1MB, publisher: home}]|demand: {requests: 5/day}",
            "3: demand: there is nobody who asks; write for example “clients: world”"
        ),
        (
            "nodes: [{name: home}]|demand: {requests: 5}",
            "2: demand.requests: “5” is not how often; write for example 5000/day or 200/hour"
        ),
        (
            "nodes: [{name: home}]|demand: {zipf: 9}",
            "2: demand.zipf: “9” is no number that can stand here; write one from 0 to 5"
        ),
        (
            "nodes: [{name: home}]|demand: {ask: me}",
            "2: demand.ask: “me” is none of the words that belong here; write publisher or anybody"
        ),
        (
            "nodes: [{name: home}]|demand: {crowds: [{file: film, at: 1h, for: 1h, requests: 5}]}",
            "2: demand.crowds.file: “film” is no file; write the name of one, or film-1 for one of a group"
        ),
        (
            "nodes: [{name: home}]|files: [{name: f, length: 1MB, publisher: home, posted: 2h}]|demand:|  crowds:"
                + "|    - {file: f, at: 1h, for: 1h, requests: 5}",
            "5: demand.crowds.at: nobody can want “f” before it is posted; write a later time"
        ),
        (
            "nodes: [{name: home}]|faults: [{who: home, at: 1h}]",
            "2: faults: “kind” is missing; write for example “kind: crash”"
        ),
        (
            "nodes: [{name: home}]|faults: [{kind: fire, at: 1h}]",
            "2: faults.kind: “fire” is none of the words that belong here; write crash, pause, partition, "
                + "split, loss, delay, slow-disk, full-disk, torn-writes, clock-jump or lie"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1d",
            "4: faults.at: “1d” comes after the end of the run; write an earlier time, or more “days”"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    part: 2 %",
            "5: faults: there is no key “part” here; write kind, who, at, for or every"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    who: nobody",
            "5: faults.who: “nobody” is no node, group or part of the world; write a name that stands under "
                + "“nodes”, or such as europe"
        ),
        (
            "nodes: [{name: home, location: DE}]|faults:|  - kind: crash|    at: 1h|    who: asia",
            "5: faults.who: no node is in “asia”; write a part of the world with some"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    who: 2",
            "5: faults.who: “2” is neither a part of one node nor a number of them; write such as 5 % or 1"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    who: []",
            "5: faults.who: there is nobody here; write at least one name"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    who: {of: home}",
            "5: faults.who: “some” is missing; write for example “some: 5 %”"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: pause|    at: 1h",
            "3: faults: “for” is missing: a pause ends; write for example “for: 10s”"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    for: 2h|    every: 1h",
            "6: faults.every: it would begin again before it is over; write a longer time than “for” has"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: crash|    at: 1h|    for: 0s",
            "5: faults.for: “0s” is not a time above 0s; write for example 90s, 10min, 12h or 3d"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: partition|    at: 1h",
            "3: faults: all cannot part from all; write “who” is on one side"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: partition|    at: 1h|    who: home|    oneWay: maybe",
            "5: faults.who: all cannot part from all; write “who” is on one side"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: split|    at: 1h|    sides: [home]",
            "5: faults.sides: there is but one side; write two or more, such as [europe, asia]"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: split|    at: 1h|    sides: [home, home]",
            "5: faults.sides: “home” is on another side already; write it once"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: loss|    at: 1h",
            "3: faults: “part” is missing; write for example “part: 20 %”"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: slow-disk|    at: 1h|    factor: 1",
            "5: faults.factor: “1” is no number that can stand here; write a whole one from 2 to 1000"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: clock-jump|    at: 1h|    by: 400d",
            "5: faults.by: “400d” is not a time; write for example 2h, or -2h for back"
        ),
        (
            "nodes: [{name: home}]|faults:|  - kind: lie|    at: 1h|    as: forger",
            "5: faults.as: “forger” is none of the words that belong here; write honest, understates-spend, "
                + "sends-bad-pieces or names-foreign-url"
        ),
    ]

    @Test("says in one sentence what is wrong where, and what to write", arguments: cases)
    func complaint(yaml: String, complaint: String) {
        let error = #expect(throws: TopologyError.self) {
            try Topology(yaml: yaml.replacing("|", with: "\n"), file: "x.yaml") { _ in nil }
        }
        #expect(error?.description == "x.yaml:" + complaint)
    }

    @Test(
        "names the line of the matrix that it cannot use",
        arguments: [
            ("", "1: the file is empty; write a header “name lat lon …”, then a row for each host"),
            ("a b c", "1: the header is not “name lat lon” and the names of hosts; separate them by tabs"),
            ("name lat lon a a", "1: two hosts have the same name, or one has none; give each a name of its own"),
            ("name lat lon a b|a   0 1", "2: there are 1 rows for 2 hosts; write a row for each"),
            ("name lat lon a|b   0", "2: “b” stands where the header has “a”; write rows in its order"),
            ("name lat lon a|a   0 1", "2: there are 5 cells for 1 hosts; write a name, a place and 1 times"),
            ("name lat lon a|a 91 0 0", "2: “91”, “0” is no place; write degrees north and east, or nothing"),
            (
                "name lat lon a b|a   0 1|b   -1 0",
                "3: “-1” is no round trip; write milliseconds up to 60000, or nothing"
            ),
        ])
    func matrix(table: String, complaint: String) {
        let text = table.replacing("|", with: "\n").replacing(" ", with: "\t")
        let error = #expect(throws: TopologyError.self) {
            try Topology(
                yaml: "nodes: [{name: home}]\nlinks: {latency: {matrix: m.tsv}}", file: "topology/x.yaml"
            ) { path in path == "topology/m.tsv" ? text : nil }
        }
        #expect(error?.description == "topology/m.tsv:" + complaint)
    }
}
