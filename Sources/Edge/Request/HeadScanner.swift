/// Finds where a head ends, looking at each byte once however slowly the bytes drip in.
struct HeadScanner: Sendable {
    /// What has been looked at, from the start of the head.
    private var scanned = 0
    /// Where the current line starts.
    private var lineStart = 0

    /// The length of the head with its empty line; nothing while it has not come whole.
    mutating func length(of bytes: UnsafeRawBufferPointer) throws(Refusal) -> Int? {
        let limit = min(bytes.count, HTTPRequestHead.byteLimit)
        while scanned < limit {
            let byte = bytes[scanned]
            scanned += 1
            guard byte == UInt8(ascii: "\n") else { continue }
            guard scanned >= 2, bytes[scanned - 2] == UInt8(ascii: "\r") else {
                throw Refusal(.badRequest, "A line of the request head ends without a carriage return.")
            }
            guard scanned - lineStart > 2 else { return scanned }
            lineStart = scanned
        }
        guard scanned < HTTPRequestHead.byteLimit else {
            throw lineStart == 0
                ? Refusal(.uriTooLong, "The request line is longer than 16 KiB.")
                : Refusal(.headTooLarge, "The request head is larger than 16 KiB.")
        }
        return nil
    }

    /// Begins with the next head.
    mutating func reset() {
        self = HeadScanner()
    }
}
