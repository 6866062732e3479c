/// Walks through a patch, row by row, checking everything that can be checked without its schema: table numbers and
/// keys ascend, operations and masks mean something, every value is well formed, nothing is left over.
///
/// It allocates nothing. It borrows the bytes, so it must not outlive the buffer it was made with. Call `next` until it
/// answers nil or throws; after that it is done.
package struct PatchReader {
    private var cursor: WireCursor
    private var rowCount = 0
    private var table = -1
    private var keysAreBytes = false
    /// Inside a table, that is, a group or the table's end is to come.
    private var isInTable = false
    private var group = Group()
    /// Nil at the start of a table.
    private var lastInt: Int64?
    /// Where the last key of bytes begins, and how long it is; −1 at the start of a table.
    private var lastBytes = (start: -1, byteCount: 0)

    private struct Group {
        var operation = PatchOperation.remove
        var isConsecutive = false
        var mask: UInt64 = 0
        /// Rows that are still to come.
        var rowCount = 0
        var isFirstRow = true
    }

    package init(_ patch: UnsafeRawBufferPointer) { cursor = WireCursor(patch) }

    /// The next row in ascending order of table and key, or nil at the end.
    package mutating func next() throws(WireError) -> PatchRow? {
        var entry = PatchEntry()
        guard try next(&entry) else { return nil }
        return PatchRow(
            table: Int(entry.table),
            key: entry.keysAreBytes
                ? .bytes(cursor.bytes(Int(entry.key), Int(entry.keyByteCount))) : .int(entry.key),
            operation: entry.operation, mask: entry.mask, values: cursor.bytes(entry.values, entry.valuesByteCount))
    }

    /// As `next`, with offsets into the patch, for the loops that run once a row. False at the end; then and after an
    /// error the entry says nothing.
    @inline(__always)
    mutating func next(_ entry: inout PatchEntry) throws(WireError) -> Bool {
        if group.rowCount == 0 {
            guard try nextGroup() else { return false }
        }
        if keysAreBytes {
            let key = try bytesKey()
            (entry.key, entry.keyByteCount) = (Int64(key.start), Int32(truncatingIfNeeded: key.byteCount))
        } else {
            (entry.key, entry.keyByteCount) = (try intKey(), PatchEntry.integerKey)
        }
        group.rowCount &-= 1
        group.isFirstRow = false
        entry.table = UInt16(truncatingIfNeeded: table)
        entry.operation = group.operation
        entry.mask = group.mask
        entry.values = cursor.position
        var rest = group.mask
        while rest != 0 {
            rest &= rest &- 1
            try cursor.skipValue()
        }
        entry.valuesByteCount = cursor.position &- entry.values
        return true
    }

    @inline(never)
    private mutating func nextGroup() throws(WireError) -> Bool {
        while group.rowCount == 0 {
            if cursor.isAtEnd { return false }
            if !isInTable { try beginTable() }
            try beginGroup()
        }
        return true
    }

    private mutating func beginTable() throws(WireError) {
        let word = try cursor.num()
        let number = word >> 1
        guard number < UInt64(SchemaLimits.tableLimit) else {
            throw .overLimit(what: "a table's number", value: number, limit: UInt64(SchemaLimits.tableLimit) - 1)
        }
        guard Int(number) > table else { throw .invalid("the order of tables") }
        table = Int(number)
        keysAreBytes = word & 1 == 1
        isInTable = true
        lastInt = nil
        lastBytes = (-1, 0)
        // A table has a group, so its end does not come first.
        guard try cursor.peek() != 0 else { throw .invalid("a table without rows") }
    }

    /// Begins a group, or ends the table.
    private mutating func beginGroup() throws(WireError) {
        let word = try cursor.num()
        if word == 0 {
            isInTable = false
            guard !cursor.isAtEnd else { throw .invalid("an end after the last table") }
            return
        }
        guard let operation = PatchOperation(rawValue: UInt8(word & 3)) else { throw .invalid("an operation") }
        let isConsecutive = word & 4 != 0
        guard !(isConsecutive && keysAreBytes) else { throw .invalid("consecutive keys that are bytes") }
        let limit = PatchLimits.rowLimit - rowCount
        guard word >> 3 < UInt64(limit) else {
            throw .overLimit(what: "the count of rows", value: word >> 3, limit: UInt64(PatchLimits.rowLimit))
        }
        group.operation = operation
        group.isConsecutive = isConsecutive
        group.rowCount = Int(word >> 3) + 1
        group.isFirstRow = true
        rowCount += group.rowCount
        group.mask = operation == .remove ? 0 : try cursor.num()
        guard operation != .set || group.mask != 0 else { throw .invalid("a set of no field") }
    }

    @inline(__always)
    private mutating func intKey() throws(WireError) -> Int64 {
        guard let last = lastInt else {
            let key = Int64(zigzag: try cursor.num())
            lastInt = key
            return key
        }
        let distance: UInt64 = group.isConsecutive && !group.isFirstRow ? 0 : try cursor.num()
        // How many keys there are above the last one.
        let room = UInt64(bitPattern: Int64.max &- last)
        guard distance < room else { throw .invalid("a key beyond the highest") }
        let key = last &+ 1 &+ Int64(bitPattern: distance)
        lastInt = key
        return key
    }

    private mutating func bytesKey() throws(WireError) -> (start: Int, byteCount: Int) {
        let byteCount = try cursor.blobByteCount()
        let start = cursor.position
        try cursor.skip(byteCount)
        if lastBytes.start >= 0 {
            guard ByteOrder.precedes(cursor.bytes(lastBytes.start, lastBytes.byteCount), cursor.bytes(start, byteCount))
            else { throw .invalid("the order of keys") }
        }
        lastBytes = (start, byteCount)
        return lastBytes
    }
}
