/// The decoded names of the objects that are open, innermost last: finds two of one name without allocating per name.
struct JSONNameStack {
    /// Up to so many names of an object are compared pairwise; more are sorted.
    private static let pairwiseLimit = 16

    private var bytes: [UInt8] = []
    private var names: [Range<Int>] = []

    /// Where the next object's names will begin.
    var mark: Int { names.count }

    /// Takes a name as it stands in the text, quotes and escapes and all.
    mutating func push(_ quoted: UnsafeRawBufferPointer) {
        let start = bytes.count
        JSONString.append(quoted, to: &bytes)
        names.append(start..<bytes.count)
    }

    /// Drops the names behind `mark`; false if two of them are the same.
    mutating func popAreDistinct(to mark: Int) -> Bool {
        let areDistinct = names.count - mark <= Self.pairwiseLimit ? pairwise(from: mark) : sorted(from: mark)
        if mark < names.count { bytes.removeSubrange(names[mark].lowerBound...) }
        names.removeSubrange(mark...)
        return areDistinct
    }

    private func pairwise(from mark: Int) -> Bool {
        for one in names.indices.dropFirst(mark) {
            for other in names.indices.dropFirst(one + 1) where isSame(names[one], names[other]) { return false }
        }
        return true
    }

    private mutating func sorted(from mark: Int) -> Bool {
        let order = names[mark...].sorted { bytes[$0].lexicographicallyPrecedes(bytes[$1]) }
        return zip(order, order.dropFirst()).allSatisfy { !isSame($0, $1) }
    }

    private func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        one.count == other.count && bytes[one].elementsEqual(bytes[other])
    }
}
