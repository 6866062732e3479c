/// One commit at a mirror: lays the sections of a mark over the rows, keeps the hashes, and takes down what the
/// application sees change, which is about the rows of all audiences together.
///
/// A row that left one audience and came to another is a change of what differs. So what goes and what comes is only
/// taken down at first, and told apart at the end; where there is but one audience that is not needed.
struct MirrorCommit {
    var partitions: [MirrorPartition]
    let schema: SchemaDescription
    /// Nothing can have moved, and rows come in order.
    private let isPlain: Bool
    private(set) var changes: [MirrorChange] = []
    private(set) var disagreement: MirrorDisagreement?
    private var came: [Int] = []
    private var gone: [Int] = []

    init(partitions: [MirrorPartition], schema: SchemaDescription, isPlain: Bool) {
        self.partitions = partitions
        self.schema = schema
        self.isPlain = isPlain
    }

    /// Takes down the rows of these audiences as gone; those that a section brings again stay after all.
    mutating func drop(_ audiences: [UInt32], _ edit: inout MirrorEdit) {
        guard !audiences.isEmpty else { return }
        for slot in edit.slots.indices
        where edit.slots[slot].standing == .held && audiences.contains(edit.slots[slot].audience) {
            edit.slots[slot].standing = .gone
            gone.append(slot)
        }
        for place in partitions.indices where audiences.contains(partitions[place].audience) {
            partitions[place].hash = .empty
        }
    }

    /// Lays a section over the rows of its audience, whose place in `partitions` is `place`.
    mutating func apply(_ section: StagedSection, _ place: Int, _ edit: inout MirrorEdit) {
        var hash = partitions[place].hash
        changes.reserveCapacity(changes.count + section.rows.count)
        section.patch.withUnsafeBufferPointer { patch in
            guard let patch = patch.baseAddress else { return }
            section.rows.withUnsafeBufferPointer { rows in
                for row in rows {
                    switch row.operation {
                    case .set: set(row, patch, &hash, &edit)
                    case .insert where row.slot >= 0: replace(row, patch, &hash, &edit)
                    case .insert: insert(row, patch, section.audience, &hash, &edit)
                    case .remove: remove(Int(row.slot), &hash, &edit)
                    }
                }
            }
        }
        partitions[place].hash = hash
    }

    /// Tells apart what moved, came and went.
    mutating func finish(_ edit: inout MirrorEdit) {
        for slot in gone where edit.slots[slot].standing == .gone { leave(slot, &edit) }
        for slot in gone where edit.slots[slot].standing == .gone { edit.release(slot) }
        for slot in came where edit.slots[slot].standing == .came { arrive(slot, &edit) }
        if !isPlain { changes.sort { ($0.table, $0.key) < ($1.table, $1.key) } }
    }

    @inline(__always)
    private mutating func set(
        _ row: StagedRow, _ patch: UnsafePointer<UInt8>, _ hash: inout StateHash, _ edit: inout MirrorEdit
    ) {
        let slot = Int(row.slot)
        let before = edit.slots[slot].rowHash
        let mask = edit.set(row, patch, to: slot)
        guard mask != 0 else { return }
        hash = hash &- before &+ edit.slots[slot].rowHash
        tell(slot, .changed(mask: mask), edit)
    }

    /// An insert over a row that is held, or was until this commit.
    private mutating func replace(
        _ row: StagedRow, _ patch: UnsafePointer<UInt8>, _ hash: inout StateHash, _ edit: inout MirrorEdit
    ) {
        let slot = Int(row.slot)
        if edit.slots[slot].standing == .gone {
            edit.slots[slot].standing = .held
        } else {
            hash = hash &- edit.slots[slot].rowHash
        }
        let mask = edit.set(row, patch, to: slot)
        hash = hash &+ edit.slots[slot].rowHash
        if mask != 0 { tell(slot, .changed(mask: mask), edit) }
    }

    private mutating func insert(
        _ row: StagedRow, _ patch: UnsafePointer<UInt8>, _ audience: UInt32, _ hash: inout StateHash,
        _ edit: inout MirrorEdit
    ) {
        let kind = schema.tables[Int(row.table)].keys
        let slot = edit.add(row, patch, kind: kind, audience: audience, standing: isPlain ? .held : .came)
        edit.write(row, patch, to: slot)
        hash = hash &+ edit.slots[slot].rowHash
        if isPlain { tell(slot, .added, edit) } else { came.append(slot) }
    }

    private mutating func remove(_ slot: Int, _ hash: inout StateHash, _ edit: inout MirrorEdit) {
        hash = hash &- edit.slots[slot].rowHash
        if isPlain {
            tell(slot, .removed, edit)
            edit.release(slot)
        } else {
            edit.slots[slot].standing = .gone
            gone.append(slot)
        }
    }

    /// A row that its audience no longer has: another may have got it.
    private mutating func leave(_ slot: Int, _ edit: inout MirrorEdit) {
        guard let other = edit.lookup.other(than: slot) else { return tell(slot, .removed, edit) }
        edit.slots[other].standing = .held
        tellDifference(slot, other, edit)
    }

    /// A row that came from nowhere, unless the sender was wrong.
    private mutating func arrive(_ slot: Int, _ edit: inout MirrorEdit) {
        edit.slots[slot].standing = .held
        guard let other = edit.lookup.other(than: slot) else { return tell(slot, .added, edit) }
        disagreement = .rowTwice(table: Int(edit.slots[slot].table), key: edit.lookup.key(edit.slots[slot]))
        let isLower = edit.slots[slot].audience < edit.slots[other].audience
        let loser = isLower ? other : slot
        if isLower { tellDifference(other, slot, edit) }
        for place in partitions.indices where partitions[place].audience == edit.slots[loser].audience {
            partitions[place].hash = partitions[place].hash &- edit.slots[loser].rowHash
        }
        edit.release(loser)
    }

    private mutating func tellDifference(_ before: Int, _ after: Int, _ edit: MirrorEdit) {
        let fieldCount = schema.tables[Int(edit.slots[after].table)].fields.count
        let mask = edit.difference(before, after, fieldCount: fieldCount)
        if mask != 0 { tell(after, .changed(mask: mask), edit) }
    }

    @inline(__always)
    private mutating func tell(_ slot: Int, _ kind: MirrorChange.Kind, _ edit: MirrorEdit) {
        let row = edit.slots[slot]
        let key = row.kind == .integer ? .int(row.key) : edit.lookup.key(row)
        changes.append(MirrorChange(table: Int(row.table), key: key, kind: kind))
    }
}

/// What a mirror keeps of an audience, beside its rows.
struct MirrorPartition: Sendable {
    let audience: UInt32
    var hash = StateHash.empty
}
