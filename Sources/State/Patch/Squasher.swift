/// Merges any number of patches into one, in one pass over all of them. Lives for one squash.
///
/// The patches' next rows race for the lowest table and key; all rows of one key come out together, oldest first, and
/// become one row. So a row costs the logarithm of the count of patches, and values are copied once however often they
/// were replaced. Memory is bounded by the bytes given.
struct Squasher: ~Copyable {
    enum Aim {
        case patch
        /// The oldest is from nothing, and so is the result: there is nothing to remove.
        case keyframe
        /// They are of one tick, each of another audience: where a row moved, what one has counts, not that another lost it.
        case union
    }

    private let aim: Aim
    private let patches: [[UInt8]]
    /// How many of the patches are in memory, and how much of the one behind them.
    private var loaded = (patchCount: 0, byteCount: 0)
    private var isRacing = false
    /// All patches, and behind them what is merged, which is no more: it never moves.
    private var memory: WireMemory
    private var race: PatchRace
    /// Rows of one key, oldest first.
    private var rows = RawList<PatchEntry>()
    /// Rows of one operation and mask that are yet to be written.
    private var segment = RawList<PatchEntry>(capacity: 256)
    private var form = PatchForm()
    private var output: WireMemory

    init(_ patches: [[UInt8]], aim: Aim) {
        self.aim = aim
        self.patches = patches
        let byteCount = patches.reduce(0) { $0 + $1.count }
        let memory = WireMemory(capacity: byteCount * 2)
        race = PatchRace(patches, at: memory.base)
        output = WireMemory(capacity: byteCount)
        self.memory = memory
    }

    mutating func squash() throws(WireError) -> [UInt8] {
        _ = try step(.max)
        return result
    }

    /// Once `step` has answered that all is done.
    var result: [UInt8] { output.array() }

    /// Goes on for about `limit` bytes. Answers how many of them were not needed once all is done, nil before.
    mutating func step(_ limit: Int) throws(WireError) -> Int? {
        var left = limit
        guard load(&left) else { return nil }
        if !isRacing {
            try race.start()
            isRacing = true
        }
        while let row = race.winner {
            guard left > 0 else { return nil }
            rows.removeAll()
            try take(row, &left)
            while try race.winnerHasKey(of: row), let next = race.winner { try take(next, &left) }
            if let result = try merged() { add(result) }
        }
        flush()
        return max(left, 0)
    }

    /// Copies patches into memory, which has the room for all; whether they are all there.
    private mutating func load(_ left: inout Int) -> Bool {
        while loaded.patchCount < patches.count {
            let patch = patches[loaded.patchCount]
            let end = loaded.byteCount + min(left, patch.count - loaded.byteCount)
            patch.withUnsafeBytes { memory.append(UnsafeRawBufferPointer(rebasing: $0[loaded.byteCount..<end])) }
            left -= end - loaded.byteCount
            loaded.byteCount = end
            guard end == patch.count else { return false }
            loaded = (loaded.patchCount + 1, 0)
        }
        return true
    }

    @inline(__always)
    private mutating func take(_ row: PatchEntry, _ left: inout Int) throws(WireError) {
        left -= row.valuesByteCount + Squashing.rowCost
        if aim == .keyframe, race.winnerIsOldest, row.operation != .insert {
            throw .invalid("a keyframe that is not from nothing")
        }
        if aim != .union, rows.count > 0, row.operation == .set, rows[rows.count - 1].operation == .remove {
            throw .invalid("a set of a row that is not there")
        }
        rows.append(row)
        try race.advance()
    }

    /// What `rows` come to; nil for nothing.
    private mutating func merged() throws(WireError) -> PatchEntry? {
        if aim == .union { return rows.elements.last { $0.operation != .remove } ?? rows[0] }
        let newest = rows[rows.count - 1]
        switch newest.operation {
        case .remove: return aim == .keyframe ? nil : newest
        case .insert: return newest
        case .set:
            let row = rows.count == 1 ? newest : RowMerge.merge(rows.elements, &memory)
            guard aim == .patch || row.operation == .insert else { throw .invalid("a set of a row that is not there") }
            return row
        }
    }

    @inline(__always)
    private mutating func add(_ row: PatchEntry) {
        if segment.count > 0 {
            let last = segment[segment.count - 1]
            if last.operation != row.operation || last.mask != row.mask || last.table != row.table {
                flush()
            } else if row.mask == 0, !row.keysAreBytes, last.key &+ Int64(last.rowCount) == row.key {
                segment.base[segment.count - 1].rowCount += 1
                return
            }
        }
        segment.append(row)
    }

    private mutating func flush() {
        form.write(UnsafeBufferPointer(segment.elements), from: memory.base, into: &output)
        segment.removeAll()
    }
}
