/// The next rows of several patches, the lowest table and key first and, of one key, the oldest patch first: a loser tree,
/// so each row costs one comparison a level.
///
/// It borrows the patches' memory. Offsets of rows are into all of it.
struct PatchRace: ~Copyable {
    /// The table of a patch that is at its end: higher than any there is.
    private static let noTable = UInt16.max

    /// Nil while it has no patches.
    private var memory: UnsafePointer<UInt8>?
    private var readers: [PatchReader] = []
    /// Where each patch begins.
    private var starts = RawList<Int>()
    private var heads = RawList<PatchEntry>()
    /// At each inner node of the tree who lost there; at 0 who won it all.
    private var losers = RawList<Int>()

    /// One more patch, of `byteCount` bytes behind the first `start` in `memory`, the same for all; `start` moves on. The
    /// bytes are there once the race starts.
    mutating func add(_ byteCount: Int, at memory: UnsafePointer<UInt8>, _ start: inout Int) {
        self.memory = memory
        readers.append(PatchReader(UnsafeRawBufferPointer(start: memory + start, count: byteCount)))
        starts.append(start)
        heads.append(PatchEntry())
        losers.append(0)
        start += byteCount
    }

    /// As new, with room kept.
    mutating func clear() {
        readers.removeAll(keepingCapacity: true)
        starts.removeAll()
        heads.removeAll()
        losers.removeAll()
    }

    mutating func start() throws(WireError) {
        guard !readers.isEmpty else { return }
        for index in readers.indices { try read(index) }
        let first = try play(1)
        losers[0] = first
    }

    /// The row that is next; nil at the end of all patches.
    var winner: PatchEntry? {
        guard losers.count > 0, heads[losers[0]].table != Self.noTable else { return nil }
        return heads[losers[0]]
    }

    /// Whether the next row is of the oldest patch.
    var winnerIsOldest: Bool { losers[0] == 0 }

    /// Whether the next row is of the same table and key as `row`, which came before.
    @inline(__always)
    func winnerHasKey(of row: PatchEntry) throws(WireError) -> Bool {
        let next = heads[losers[0]]
        guard next.table == row.table else { return false }
        return row.keysAreBytes || next.keysAreBytes ? try compare(next, row) == 0 : next.key == row.key
    }

    /// Goes on to the row after the next.
    mutating func advance() throws(WireError) {
        var best = losers[0]
        try read(best)
        var node = (best + readers.count) / 2
        while node > 0 {
            let other = losers[node]
            if try precedes(other, best) {
                losers[node] = best
                best = other
            }
            node /= 2
        }
        losers[0] = best
    }

    /// Reads the next row of a patch.
    @inline(__always)
    private mutating func read(_ index: Int) throws(WireError) {
        let head = heads.base + index
        guard try readers[index].next(&head.pointee) else {
            head.pointee.table = Self.noTable
            return
        }
        head.pointee.values &+= starts[index]
        if head.pointee.keysAreBytes { head.pointee.key &+= Int64(starts[index]) }
    }

    /// Fills the tree below `node` and answers who won there.
    private mutating func play(_ node: Int) throws(WireError) -> Int {
        if node >= readers.count { return node - readers.count }
        let (left, right) = (try play(node * 2), try play(node * 2 + 1))
        let leftWins = try precedes(left, right)
        losers[node] = leftWins ? right : left
        return leftWins ? left : right
    }

    @inline(__always)
    private func precedes(_ one: Int, _ other: Int) throws(WireError) -> Bool {
        let (left, right) = (heads.base + one, heads.base + other)
        if left.pointee.table != right.pointee.table { return left.pointee.table < right.pointee.table }
        if left.pointee.table == Self.noTable { return one < other }
        if left.pointee.keysAreBytes || right.pointee.keysAreBytes {
            let order = try compare(left.pointee, right.pointee)
            return order == 0 ? one < other : order < 0
        }
        return left.pointee.key == right.pointee.key ? one < other : left.pointee.key < right.pointee.key
    }

    /// The order of two rows of one table of which one has a key of bytes.
    @inline(never)
    private func compare(_ one: PatchEntry, _ other: PatchEntry) throws(WireError) -> Int {
        guard one.keysAreBytes == other.keysAreBytes else { throw .invalid("a table whose keys change their kind") }
        return ByteOrder.compare(bytes(one), bytes(other))
    }

    private func bytes(_ row: PatchEntry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: memory.map { $0 + Int(row.key) }, count: Int(row.keyByteCount))
    }
}
