/// What somebody probably meant who mistyped a word.
public enum Nearest {
    /// More slips than this are another word.
    private static let slips = 2
    /// Words are shorter.
    private static let limit = 40

    /// The word that is nearest to the one that was written, if one is near.
    public static func word(to written: String, of words: [String]) -> String? {
        let written = written.lowercased()
        return words.map { ($0, distance(written, $0.lowercased())) }
            .filter { $0.1 <= min(slips, max(1, $0.0.count / 3)) }
            .min { $0.1 < $1.1 }?.0
    }

    /// How many letters to add, drop or change to make one word of another (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.prefix(limit))
        let right = Array(right)
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let substituted = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
