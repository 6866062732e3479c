/// Merges any number of patches into one. Lives for one squash.
///
/// The patches' next rows race for the lowest table and key; all rows of one key come out together, oldest first, and
/// become one row. So a row costs the logarithm of the count of patches, and values are copied once however often they
/// were replaced.
///
/// It takes them in rounds, what one comes to being the oldest of the next: memory is bounded by a few times the answer, not by
/// how much there was to merge. Of patches that no `State` makes, a set of a row that is not there for one, a keyframe in rounds may
/// be an error where one in a single pass is none, or the other way round.
struct Squasher: ~Copyable {
    enum Aim {
        case patch
        /// The oldest is from nothing, and so is the result: there is nothing to remove.
        case keyframe
        /// They are of one tick, each of another audience: where a row moved, what one has counts, not that another lost it.
        case union
    }

    private let aim: Aim
    private let rounds: SquashRounds
    private let patches: [[UInt8]]
    /// How many bytes the patches behind the round have.
    private var rest: Int
    /// The patches of the round, and how much of them is in memory: whole ones, and bytes of the one behind them.
    private var round = 0..<0
    private var loaded = (patch: 0, byteCount: 0)
    private var isRacing = false
    /// What the rounds before came to, the patches of the round, and behind them what is merged, which is no more: it does not
    /// move within a round.
    private var memory = WireMemory(capacity: 0)
    private var race = PatchRace()
    /// Rows of one key, oldest first.
    private var rows = RawList<PatchEntry>()
    /// Rows of one operation and mask that are yet to be written.
    private var segment = RawList<PatchEntry>(capacity: 256)
    private var form = PatchForm()
    private var output = WireMemory(capacity: 0)

    init(_ patches: [[UInt8]], aim: Aim, rounds: SquashRounds = SquashRounds()) {
        self.aim = aim
        self.rounds = rounds
        self.patches = patches
        rest = patches.reduce(0) { $0 + $1.count }
        beginRound()
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
        while try finishRound(&left) {
            if round.upperBound == patches.count { return max(left, 0) }
            left -= output.count
            beginRound()
        }
        return nil
    }

    /// Gives the patches that come next, behind what those before them came to, their places in memory.
    private mutating func beginRound() {
        let carried = output.count
        let isFirst = round.isEmpty
        let first = isFirst ? patches.first?.count ?? 0 : carried
        let least = max(rounds.byteCount, first * rounds.share)
        // Less than half a round is not left for a round of its own.
        let most = rest < least + least / 2 ? .max : least
        var (end, byteCount) = (round.upperBound, 0)
        while end < patches.count, byteCount < most {
            byteCount += patches[end].count
            end += 1
        }
        rest -= byteCount
        round = round.upperBound..<end
        memory.cut(to: 0)
        memory.reserve((carried + byteCount) * 2)
        memory.copy(output.base, carried)
        output.cut(to: 0)
        output.reserve(carried + byteCount)
        race.clear()
        var start = 0
        if !isFirst { race.add(carried, at: memory.base, &start) }
        for patch in patches[round] { race.add(patch.count, at: memory.base, &start) }
        loaded = (round.lowerBound, 0)
        isRacing = false
        form = PatchForm()
    }

    /// Goes on with the round; whether it is done.
    private mutating func finishRound(_ left: inout Int) throws(WireError) -> Bool {
        guard load(&left) else { return false }
        if !isRacing {
            try race.start()
            isRacing = true
        }
        while let row = race.winner {
            guard left > 0 else { return false }
            rows.removeAll()
            try take(row, &left)
            while try race.winnerHasKey(of: row), let next = race.winner { try take(next, &left) }
            if let result = try merged() { add(result) }
        }
        flush()
        return true
    }

    /// Copies the round's patches into memory, which has the room for all; whether they are all there.
    private mutating func load(_ left: inout Int) -> Bool {
        while loaded.patch < round.upperBound {
            let patch = patches[loaded.patch]
            let end = loaded.byteCount + min(max(left, 0), patch.count - loaded.byteCount)
            patch.withUnsafeBytes { memory.append(UnsafeRawBufferPointer(rebasing: $0[loaded.byteCount..<end])) }
            left -= end - loaded.byteCount
            loaded.byteCount = end
            guard end == patch.count else { return false }
            loaded = (loaded.patch + 1, 0)
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
