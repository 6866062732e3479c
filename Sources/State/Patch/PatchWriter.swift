/// Writes a patch in its one canonical form: whoever gives it the same rows gets the same bytes.
///
/// For each table in ascending order call `table`, then for each row in ascending key order `row`, then append that
/// row's values to `values`, one for each bit of its mask; `finish` answers the bytes. Its buffers are kept between
/// patches, so a writer that lives on allocates nothing per row.
package struct PatchWriter {
    /// A run of rows whose keys follow one another.
    private struct Run {
        var first: Int64
        var count: Int
        /// The place in `starts` of its first row.
        var start: Int
    }

    /// Where a row's values go, right after `row` was called for it.
    package var values = ByteWriter()

    private var output = ByteWriter()
    private var tableWord: UInt64?
    private var hasOutputTable = false
    private var lastKey: Int64?

    // The segment: rows next to each other of one operation and mask.
    private var operation = PatchOperation.remove
    private var mask: UInt64 = 0
    private var rowCount = 0
    private var runs: [Run] = []
    /// Where each row's values start in `values`; empty if rows have none.
    private var starts: [Int] = []

    package init() {}

    /// Nothing was written since the last `finish`.
    package var isEmpty: Bool { output.count == 0 && rowCount == 0 }

    /// Goes on to table `number`, higher than any before. A table without rows leaves no trace.
    package mutating func table(_ number: Int, keysAreBytes: Bool) {
        endSegment()
        tableWord = UInt64(number) * 2 + (keysAreBytes ? 1 : 0)
        hasOutputTable = false
        lastKey = nil
    }

    /// Begins a row with an integer key.
    package mutating func row(_ operation: PatchOperation, mask: UInt64, key: Int64) {
        beginRow(operation, mask)
        if let last = runs.indices.last, runs[last].first &+ Int64(runs[last].count) == key {
            runs[last].count += 1
        } else {
            runs.append(Run(first: key, count: 1, start: starts.count))
        }
        if mask != 0 { starts.append(values.count) }
    }

    /// Begins a row whose key is bytes.
    package mutating func row(_ operation: PatchOperation, mask: UInt64, key: UnsafeRawBufferPointer) {
        beginRow(operation, mask)
        // Never consecutive, so it stands already as it will in the group.
        values.num(key.count)
        values.raw(key)
    }

    /// The patch; the writer is as new, with its buffers kept.
    package mutating func finish() -> [UInt8] {
        endSegment()
        tableWord = nil
        defer { output.bytes.removeAll(keepingCapacity: true) }
        return Array(output.bytes)
    }

    private mutating func beginRow(_ operation: PatchOperation, _ mask: UInt64) {
        if rowCount > 0, operation != self.operation || mask != self.mask { endSegment() }
        self.operation = operation
        self.mask = mask
        rowCount += 1
    }

    private mutating func endSegment() {
        guard rowCount > 0, let word = tableWord else { return }
        if !hasOutputTable {
            if output.count > 0 { output.u8(0) }
            output.num(word)
            hasOutputTable = true
        }
        if word & 1 == 1 {
            header(rowCount: rowCount, isConsecutive: false)
            output.raw(values.bytes)
        } else {
            endIntegerSegment()
        }
        rowCount = 0
        runs.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        values.bytes.removeAll(keepingCapacity: true)
    }

    private mutating func endIntegerSegment() {
        var plain = 0..<0
        for index in runs.indices {
            if runs[index].count < 4 {
                plain = plain.isEmpty ? index..<index + 1 : plain.lowerBound..<index + 1
                continue
            }
            plainGroup(plain)
            plain = 0..<0
            let run = runs[index]
            header(rowCount: run.count, isConsecutive: true)
            key(run.first)
            lastKey = run.first &+ Int64(run.count - 1)
            rowValues(run.start..<run.start + run.count)
        }
        plainGroup(plain)
    }

    private mutating func plainGroup(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        header(rowCount: range.reduce(0) { $0 + runs[$1].count }, isConsecutive: false)
        for index in range {
            let run = runs[index]
            for row in 0..<run.count {
                key(run.first &+ Int64(row))
                rowValues(run.start + row..<run.start + row + 1)
            }
        }
    }

    private mutating func header(rowCount: Int, isConsecutive: Bool) {
        output.num(UInt64(rowCount - 1) << 3 | (isConsecutive ? 4 : 0) | UInt64(operation.rawValue))
        if operation != .remove { output.num(mask) }
    }

    private mutating func key(_ key: Int64) {
        if let last = lastKey { output.num(UInt64(bitPattern: key &- last) &- 1) } else { output.int(key) }
        lastKey = key
    }

    /// The values of rows at these places of `starts`.
    private mutating func rowValues(_ rows: Range<Int>) {
        guard mask != 0 else { return }
        let end = rows.upperBound < starts.count ? starts[rows.upperBound] : values.count
        output.bytes.append(contentsOf: values.bytes[starts[rows.lowerBound]..<end])
    }
}

extension PatchWriter {
    /// Copies a row whose operation, mask and values stay as they are.
    mutating func copy(_ row: PatchRow) {
        begin(row.operation, mask: row.mask, key: row.key)
        values.raw(row.values)
    }

    mutating func begin(_ operation: PatchOperation, mask: UInt64, key: PatchKey) {
        switch key {
        case .int(let key): row(operation, mask: mask, key: key)
        case .bytes(let key): row(operation, mask: mask, key: key)
        }
    }

    mutating func begin(_ operation: PatchOperation, mask: UInt64, key: RowKey) {
        switch key {
        case .int(let key): row(operation, mask: mask, key: key)
        case .session(let id):
            withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { row(operation, mask: mask, key: $0) }
        case .text(var text):
            text.withUTF8 { row(operation, mask: mask, key: UnsafeRawBufferPointer($0)) }
        }
    }
}
