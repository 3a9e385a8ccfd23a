import Glibc
import Testing

@testable import Runtime

@Suite struct LogOutputTests {
    @Test func aLogThatNobodyReadsHoldsNothingUpAndSaysLaterWhatItLacks() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        let output = LogOutput(descriptor: writing)
        let line = String(repeating: "x", count: 1_023) + "\n"
        // More than a pipe, the writer and what may wait take together.
        for _ in 0..<4_096 { output.write(line) }
        #expect(output.dropped >= 1_000)
        output.flush()
        // Whoever reads again gets whole lines, and how many are missing.
        let reader = Task.detached { () -> [Substring] in
            var text: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(reading, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
            close(reading)
            return String(decoding: text, as: UTF8.self).split(separator: "\n")
        }
        // What was lost is told together with the last of what waited.
        while output.dropped > 0 { try await Task.sleep(for: .milliseconds(5)) }
        output.write("the last one\n")
        while output.isWriting { try await Task.sleep(for: .milliseconds(5)) }
        close(writing)
        let lines = await reader.value
        #expect(lines.last == "the last one")
        let notes = lines.filter { $0.hasSuffix("lines of the log were dropped here.") }
        let dropped = notes.compactMap { Int($0.prefix { $0.isNumber }) }.reduce(0, +)
        #expect(lines.count - notes.count + dropped == 4_097)
        #expect(output.dropped == 0)
    }

    @Test func linesThatTheDiskDoesNotTakeAreCounted() throws {
        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        defer { close(full) }
        let output = LogOutput(descriptor: full)
        for number in 0..<10 { output.write("line \(number)\n") }
        output.flush()
        #expect(output.dropped == 10)
    }
}
