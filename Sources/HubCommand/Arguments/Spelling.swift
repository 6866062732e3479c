/// Finds what somebody probably meant.
package enum Spelling {
    /// The nearest of `words`, if it is near: at most a third of its length in edits, or it begins with what was written.
    package static func nearest(to word: String, among words: [String]) -> String? {
        let best = words.map { ($0, distance(word, $0)) }.min { $0.1 < $1.1 }
        if let (candidate, edits) = best, edits <= max(1, candidate.count / 3) { return candidate }
        guard word.count >= 2 else { return nil }
        return words.first { $0.hasPrefix(word) || word.hasPrefix($0) }
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left), Array(right))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var rows = [Array(0...b.count)]
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                var cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, rows[i - 2][j - 2] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
