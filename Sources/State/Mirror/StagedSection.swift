/// A section that was checked against what is held, and waits for its mark.
struct StagedSection: Sendable {
    let audience: UInt32
    /// 0: it replaces the audience.
    let base: UInt64
    let version: UInt64
    let hash: UInt64?
    let patch: [UInt8]
    let rows: [StagedRow]
    /// How much the rows may add to what is held.
    let newRowCount: Int
    let newByteCount: Int

    /// Checks every row of `section` and finds its place in `store`; nil for a store whose schema is another.
    init(
        _ section: StateSection, audience: UInt32, base: UInt64, rules: MirrorRules, store: MirrorStore?
    ) throws(WireError) {
        self.audience = audience
        self.base = base
        (version, hash, patch) = (section.version, section.hash, section.patch)
        var staging = Staging(audience: audience, isFromNothing: base == 0)
        let store = store ?? MirrorStore()
        let rules = (tables: rules.tables, fields: rules.fields)
        try section.patch.withBytes { (patch) throws(WireError) in
            try rules.tables.withUnsafeBufferPointer { (tables) throws(WireError) in
                try rules.fields.withUnsafeBufferPointer { (fields) throws(WireError) in
                    try store.look { (lookup) throws(WireError) in
                        try staging.run(patch, RowRules(tables: tables, fields: fields), lookup)
                    }
                }
            }
        }
        (rows, newRowCount, newByteCount) = (staging.rows, staging.newRowCount, staging.newByteCount)
    }
}

/// The loop over a section's rows, on plain memory.
private struct Staging {
    let audience: UInt32
    let isFromNothing: Bool
    var rows: [StagedRow] = []
    var newRowCount = 0
    var newByteCount = 0

    mutating func run(
        _ bytes: UnsafeRawBufferPointer, _ rules: RowRules, _ lookup: MirrorLookup
    ) throws(WireError) {
        guard let patch = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var reader = PatchReader(bytes)
        var row = PatchEntry()
        // A row in a patch has a few bytes, mostly; a guess too low only grows twice.
        rows.reserveCapacity(bytes.count / 6)
        while try reader.next(&row) {
            let table = try rules.table(of: row)
            try rules.check(values: patch + row.values, row.mask, table)
            if row.keysAreBytes {
                try rules.check(
                    key: UnsafeRawBufferPointer(start: patch + Int(row.key), count: Int(row.keyByteCount)))
            } else if table.kind == .session, row.key < 1 {
                throw .invalid("a session number below 1")
            }
            try stage(row, patch, lookup)
        }
    }

    @inline(__always)
    private mutating func stage(
        _ row: PatchEntry, _ patch: UnsafePointer<UInt8>, _ lookup: MirrorLookup
    ) throws(WireError) {
        let number = Int(row.table)
        let hash =
            row.keysAreBytes
            ? StateHash(table: number, key: patch + Int(row.key), Int(row.keyByteCount))
            : StateHash(table: number, key: row.key)
        let slot = lookup.slot(hash, row, patch, audience: audience)
        newByteCount &+= row.valuesByteCount
        switch row.operation {
        case .remove:
            guard !isFromNothing else { throw .invalid("a patch from nothing that does not only insert") }
            // What is not there need not go.
            guard slot != nil else { return }
        case .insert:
            if slot == nil {
                newRowCount &+= 1
                newByteCount &+= max(0, Int(row.keyByteCount))
            }
        case .set:
            guard !isFromNothing else { throw .invalid("a patch from nothing that does not only insert") }
            guard let slot else { throw .invalid("a set of a row that is not there") }
            newByteCount &+= lookup.valuesByteCount(slot)
        }
        rows.append(
            StagedRow(
                operation: row.operation, table: row.table,
                slot: slot.map { Int32(truncatingIfNeeded: $0) } ?? StagedRow.noSlot, mask: row.mask, key: row.key,
                keyByteCount: row.keyByteCount, values: row.values, valuesByteCount: row.valuesByteCount,
                keyHash: hash))
    }
}
