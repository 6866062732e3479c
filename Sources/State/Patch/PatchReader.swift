/// Walks through a patch, row by row, checking everything that can be checked without its schema: table numbers and
/// keys ascend, operations and masks mean something, every value is well formed, nothing is left over.
///
/// It allocates nothing. It borrows the bytes, so it must not outlive the buffer it was made with. Call `next` until it
/// answers nil or throws; after that it is done.
package struct PatchReader {
    private var reader: ByteReader
    private var rowCount = 0
    private var table = -1
    private var keysAreBytes = false
    /// Inside a table, that is, a group or the table's end is to come.
    private var isInTable = false
    private var group = Group()
    private var lastInt: Int64?
    private var lastBytes: UnsafeRawBufferPointer?

    private struct Group {
        var operation = PatchOperation.remove
        var isConsecutive = false
        var mask: UInt64 = 0
        /// Rows that are still to come.
        var rowCount = 0
        var isFirstRow = true
    }

    package init(_ patch: UnsafeRawBufferPointer) { reader = ByteReader(patch) }

    /// The next row in ascending order of table and key, or nil at the end.
    package mutating func next() throws(WireError) -> PatchRow? {
        while group.rowCount == 0 {
            if !isInTable {
                if reader.isAtEnd { return nil }
                try beginTable()
            } else if reader.isAtEnd {
                return nil
            }
            try beginGroup()
        }
        let key = keysAreBytes ? PatchKey.bytes(try bytesKey()) : .int(try intKey())
        group.rowCount -= 1
        group.isFirstRow = false
        let start = reader.position
        try reader.skipValues(group.mask.nonzeroBitCount)
        return PatchRow(
            table: table, key: key, operation: group.operation, mask: group.mask,
            values: reader.slice(start..<reader.position))
    }

    private mutating func beginTable() throws(WireError) {
        let word = try reader.num()
        let number = word >> 1
        guard number < UInt64(SchemaLimits.tableLimit) else {
            throw .overLimit(what: "a table's number", value: number, limit: UInt64(SchemaLimits.tableLimit) - 1)
        }
        guard Int(number) > table else { throw .invalid("the order of tables") }
        table = Int(number)
        keysAreBytes = word & 1 == 1
        isInTable = true
        lastInt = nil
        lastBytes = nil
        // A table has a group, so its end does not come first.
        guard try reader.peek() != 0 else { throw .invalid("a table without rows") }
    }

    /// Begins a group, or ends the table.
    private mutating func beginGroup() throws(WireError) {
        let word = try reader.num()
        if word == 0 {
            isInTable = false
            guard !reader.isAtEnd else { throw .invalid("an end after the last table") }
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
        group.mask = operation == .remove ? 0 : try reader.num()
        guard operation != .set || group.mask != 0 else { throw .invalid("a set of no field") }
    }

    private mutating func intKey() throws(WireError) -> Int64 {
        guard let last = lastInt else {
            let key = try reader.int()
            lastInt = key
            return key
        }
        let distance: UInt64 = group.isConsecutive && !group.isFirstRow ? 0 : try reader.num()
        // How many keys there are above the last one.
        let room = UInt64(bitPattern: Int64.max &- last)
        guard distance < room else { throw .invalid("a key beyond the highest") }
        let key = last &+ 1 &+ Int64(bitPattern: distance)
        lastInt = key
        return key
    }

    private mutating func bytesKey() throws(WireError) -> UnsafeRawBufferPointer {
        let key = try reader.blob()
        if let last = lastBytes {
            guard last.lexicographicallyPrecedes(key) else { throw .invalid("the order of keys") }
        }
        lastBytes = key
        return key
    }
}

extension ByteReader {
    /// The next byte, which stays unread.
    func peek() throws(WireError) -> UInt8 {
        guard position < base.count else { throw .truncated(at: position) }
        return base[position]
    }

    /// Bytes that were read already, borrowed.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: base[range]) }
}
