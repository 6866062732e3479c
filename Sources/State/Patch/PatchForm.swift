/// Writes rows as a patch in its one canonical form: whoever gives the same rows gets the same bytes.
///
/// Rows ascend by table and key, each table with one kind of keys. They come all at once or in batches that end where the
/// operation, the mask or the table changes.
struct PatchForm {
    private var table = -1
    private var lastKey: Int64?

    /// Appends rows whose keys and values are at their offsets in `memory`, which has a `WireMemory`'s slack behind them.
    mutating func write(
        _ rows: UnsafeBufferPointer<PatchEntry>, from memory: UnsafePointer<UInt8>, into out: inout WireMemory
    ) {
        guard let entries = rows.baseAddress else { return }
        var batch = Batch(entries: entries, memory: memory, lastKey: lastKey)
        var start = 0
        while start < rows.count {
            let first = entries[start]
            if Int(first.table) != table {
                out.reserve(8)
                if table >= 0 { out.u8(0) }
                table = Int(first.table)
                out.num(UInt64(table) * 2 + (first.keysAreBytes ? 1 : 0))
                batch.lastKey = nil
            }
            var end = start + 1
            while end < rows.count, entries[end].operation == first.operation, entries[end].mask == first.mask,
                entries[end].table == first.table
            { end += 1 }
            if first.keysAreBytes { batch.byteKeys(start, end, &out) } else { batch.segment(start, end, &out) }
            start = end
        }
        lastKey = batch.lastKey
    }
}

/// The rows of one call, and the last key before them.
private struct Batch {
    let entries: UnsafePointer<PatchEntry>
    let memory: UnsafePointer<UInt8>
    var lastKey: Int64?

    /// Rows of one operation and mask: runs of four or more consecutive keys on their own, the rest plain between them.
    mutating func segment(_ start: Int, _ end: Int, _ out: inout WireMemory) {
        var plain = start
        var plainCount = 0
        var run = start
        while run < end {
            var rowCount = Int(entries[run].rowCount)
            var next = run + 1
            while next < end, entries[next].key == entries[run].key &+ Int64(rowCount) {
                rowCount += Int(entries[next].rowCount)
                next += 1
            }
            if rowCount >= 4 {
                plainGroup(plain, run, plainCount, &out)
                header(run, rowCount, isConsecutive: true, &out)
                key(entries[run].key, &out)
                allValues(run, next, &out)
                lastKey = entries[run].key &+ Int64(rowCount - 1)
                (plain, plainCount) = (next, 0)
            } else {
                plainCount += rowCount
            }
            run = next
        }
        plainGroup(plain, end, plainCount, &out)
    }

    private mutating func plainGroup(_ start: Int, _ end: Int, _ rowCount: Int, _ out: inout WireMemory) {
        guard start < end else { return }
        header(start, rowCount, isConsecutive: false, &out)
        var last = lastKey
        var pen = out.pen
        for row in start..<end {
            let entry = entries + row
            // A row that stands for several has no values; their keys are one byte each.
            out.make(room: 10 &+ Int(entry.pointee.rowCount) &+ entry.pointee.valuesByteCount, for: &pen)
            for place in 0..<Int64(entry.pointee.rowCount) {
                let key = entry.pointee.key &+ place
                pen.num(last.map { UInt64(bitPattern: key &- $0) &- 1 } ?? key.zigzag)
                last = key
            }
            pen.padded(memory + entry.pointee.values, entry.pointee.valuesByteCount)
        }
        out.put(pen)
        lastKey = last
    }

    /// The values of rows whose keys are said.
    private func allValues(_ start: Int, _ end: Int, _ out: inout WireMemory) {
        var pen = out.pen
        for entry in UnsafeBufferPointer(start: entries + start, count: end - start) where entry.valuesByteCount > 0 {
            out.make(room: entry.valuesByteCount, for: &pen)
            pen.padded(memory + entry.values, entry.valuesByteCount)
        }
        out.put(pen)
    }

    func byteKeys(_ start: Int, _ end: Int, _ out: inout WireMemory) {
        header(start, end - start, isConsecutive: false, &out)
        for row in start..<end {
            let byteCount = Int(entries[row].keyByteCount)
            out.reserve(10 + byteCount)
            out.num(UInt64(byteCount))
            out.copy(memory + Int(entries[row].key), byteCount)
            out.reserve(entries[row].valuesByteCount)
            out.copyPadded(memory + entries[row].values, entries[row].valuesByteCount)
        }
    }

    private func header(_ row: Int, _ rowCount: Int, isConsecutive: Bool, _ out: inout WireMemory) {
        let operation = entries[row].operation
        out.reserve(30)
        out.num(UInt64(rowCount - 1) << 3 | (isConsecutive ? 4 : 0) | UInt64(operation.rawValue))
        if operation != .remove { out.num(entries[row].mask) }
    }

    @inline(__always)
    private mutating func key(_ key: Int64, _ out: inout WireMemory) {
        out.num(lastKey.map { UInt64(bitPattern: key &- $0) &- 1 } ?? key.zigzag)
        lastKey = key
    }
}
