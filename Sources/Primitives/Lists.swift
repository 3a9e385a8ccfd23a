/// Lists of which a world holds one for each of ten thousand nodes.
extension Array {
    /// Appends, with an eighth of spare room at most: a list that grows as it likes takes up to twice its room.
    @inlinable
    public mutating func appendSparingly(_ element: Element) {
        if count == capacity { reserveCapacity(count + count / 8 + 8) }
        append(element)
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first place whose key is not below `sought`, where keys ascend and are spread as hashes and public keys are.
    ///
    /// The key tells about where to look, and bisection goes on from there: of ten thousand elements, only neighbours
    /// are touched. Keys that are spread otherwise take at most a few looks more than bisection alone.
    @inlinable
    public func place(of sought: UInt64, by key: (Element) -> UInt64) -> Int {
        guard count > 16 else { return partition(sought, startIndex, endIndex, by: key) }
        let guess = startIndex + Int(sought.multipliedFullWidth(by: UInt64(count)).high)
        var (low, high, step) = (guess, guess, 16)
        if key(self[guess]) < sought {
            repeat {
                (low, high) = (high + 1, Swift.min(high + step, endIndex))
                step *= 4
            } while high < endIndex && key(self[high]) < sought
        } else {
            repeat {
                (low, high) = (Swift.max(low - step, startIndex), low)
                step *= 4
            } while low > startIndex && key(self[low]) >= sought
        }
        return partition(sought, low, high, by: key)
    }

    @inlinable
    func partition(_ sought: UInt64, _ first: Int, _ end: Int, by key: (Element) -> UInt64) -> Int {
        var (low, high) = (first, end)
        while low < high {
            let middle = low + (high - low) / 2
            if key(self[middle]) >= sought { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
