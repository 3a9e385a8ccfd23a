import Foundation

// What libFuzzer calls. Which parser is fed, a variable says: `deploy/fuzz` sets it.

private let subject: Subject = {
    let name = ProcessInfo.processInfo.environment["FUZZ_SUBJECT"] ?? ""
    guard let subject = Subject.named(name) else {
        print(Subject.all.map(\.name).joined(separator: "\n"))
        exit(name.isEmpty ? 0 : 2)
    }
    return subject
}()

private nonisolated(unsafe) var accepted = 0
private nonisolated(unsafe) var inputs = 0

@_silgen_name("LLVMFuzzerMutate")
private func libFuzzerMutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int) -> Int

@_silgen_name("LLVMFuzzerRunDriver")
private func libFuzzerRun(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// Where the package manager has programs begin.
@_cdecl("fuzz_main")
public func main(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    _ = subject
    if let folder = ProcessInfo.processInfo.environment["FUZZ_SEEDS"] {
        for (index, seed) in subject.seeds().enumerated() {
            try? Data(seed).write(to: URL(filePath: folder + "/seed-\(index)"))
        }
    }
    atexit { print("accepted \(accepted) of \(inputs) inputs") }
    var (count, arguments) = (count, arguments)
    return libFuzzerRun(&count, &arguments, test)
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    inputs += 1
    do {
        if try subject.check(Array(UnsafeBufferPointer(start: bytes, count: count))) { accepted += 1 }
    } catch {
        fatalError("\(error)")
    }
    return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: CUnsignedInt) -> Int {
    guard seed % 2 == 0 else { return libFuzzerMutate(bytes, count, limit) }
    var mutator = Mutator(
        words: subject.words.map { Array($0.utf8) }, limit: min(limit, subject.limit), seed: UInt64(seed))
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    let mutated = mutator.mutated(input, beside: [])
    for (index, byte) in mutated.enumerated() { bytes[index] = byte }
    return mutated.count
}
