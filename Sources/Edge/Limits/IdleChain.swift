/// A queue that anyone may leave from the middle: places that are linked to their neighbours by number. Joining,
/// leaving and finding the first are constant; storage is as large as the highest number so far.
struct IdleChain {
    /// The first and last of one queue; several queues may run through the same links, each place in one of them at
    /// most.
    struct Ends {
        fileprivate(set) var first = Links.none
        fileprivate(set) var last = Links.none

        /// Who has waited longest.
        var longest: Int? { first == Links.none ? nil : Int(first) }
    }

    fileprivate struct Links {
        static let none: Int32 = -1
        var before = none
        var after = none
    }

    private var links: [Links] = []

    mutating func append(_ place: Int, to ends: inout Ends) {
        while links.count <= place { links.append(Links()) }
        let number = Int32(place)
        links[place] = Links(before: ends.last, after: Links.none)
        if ends.last == Links.none { ends.first = number } else { links[Int(ends.last)].after = number }
        ends.last = number
    }

    /// `place` is in the queue of these ends.
    mutating func remove(_ place: Int, from ends: inout Ends) {
        let own = links[place]
        if own.before == Links.none { ends.first = own.after } else { links[Int(own.before)].after = own.after }
        if own.after == Links.none { ends.last = own.before } else { links[Int(own.after)].before = own.before }
        links[place] = Links()
    }
}
