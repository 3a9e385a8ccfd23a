internal import Primitives

/// What may be done by the wall clock. One that nobody has confirmed since the start may be ahead: by it nothing is
/// offered or served that would be over, and nothing is deleted, since the next hour may show that it is not.
extension Curator {
    /// The wall clock, as far as it is known.
    var wall: WallTime? { clock.map { $0.wall + (now - $0.at) } }

    /// The same, for what cannot be undone.
    var confirmedWall: WallTime? { isClockConfirmed ? wall : nil }

    /// Its time is over, and that is certain.
    func isOver(_ posting: Posting) -> Bool {
        guard let expires = posting.expires, let confirmedWall else { return false }
        return confirmedWall >= expires
    }

    /// Some posting lets this node hold the file that may not be over after all.
    func mayStand(_ entry: FileEntry) -> Bool { entry.postings.contains { mayHold($0.value) && !isOver($0.value) } }

    mutating func read(_ wall: WallTime, isConfirmed: Bool) {
        let isNew = isConfirmed && !isClockConfirmed
        clock = (wall, now)
        isClockConfirmed = isConfirmed
        if isNew { believeClock(wall) }
        clockRead()
    }

    /// From now on the clock counts: what is over by it is deleted, and what seemed to be is offered again.
    private mutating func believeClock(_ wall: WallTime) {
        for file in files.ids where files[file]?.postings.contains(where: { $0.value.expires != nil }) == true {
            review(file)
        }
        // What ends when is to be found out anew.
        calendar.soonest = wall
    }
}
