import Testing

@testable import Simulation

@Suite("A matrix of delays")
struct MatrixTests {
    @Test("answers with what was measured, the other way round where that is all there is, or with nothing")
    func answers() {
        let hosts = ["here", "there", "nowhere"].map { Matrix.Host(name: $0) }
        let matrix = Matrix(
            hosts: hosts,
            roundTrips: [
                .zero, .milliseconds(10), nil,
                nil, .zero, nil,
                nil, nil, .zero,
            ])
        #expect(matrix.roundTrip(from: 0, to: 1) == .milliseconds(10))
        #expect(matrix.roundTrip(from: 1, to: 0) == .milliseconds(10))
        #expect(matrix.roundTrip(from: 2, to: 1) == nil)
        #expect(matrix.median == .milliseconds(10))
    }

    @Test("is read whatever its lines end with", arguments: ["\n", "\r\n"])
    func lineEnds(end: String) throws {
        let lines = ["name\tlat\tlon\there\tthere", "here\t\t\t0\t12", "there\t\t\t\t0", ""]
        let matrix = try Matrix(text: lines.joined(separator: end), file: "delays.tsv")
        #expect(matrix.hosts.map(\.name) == ["here", "there"])
        #expect(matrix.roundTrip(from: 1, to: 0) == .milliseconds(12))
    }
}
