/// What a state asks of its tables, without their types: once a table and tick, never per row.
protocol ClosableTable: AnyObject {
    var schema: TableSchema { get }
    /// Appends what changed since the last close as table `number`, and moves the shadow.
    func close(number: Int, into writer: inout PatchWriter)
    /// Appends all closed rows as inserts.
    func snapshot(number: Int, into writer: inout PatchWriter)
}

extension TableStorage: ClosableTable {
    func close(number: Int, into writer: inout PatchWriter) {
        guard !touched.isEmpty else { return }
        touched.sort { keys[Int($0)] < keys[Int($1)] }
        writer.table(number, keysAreBytes: K.Bits.kind != .integer)
        rows.withUnsafeMutableBufferPointer { rows in
            shadow.withUnsafeMutableBufferPointer { shadow in
                guard let rows = rows.baseAddress, let shadow = shadow.baseAddress else { return }
                for slot in touched { close(slot, rows + Int(slot), shadow + Int(slot), &writer) }
            }
        }
        touched.removeAll(keepingCapacity: true)
    }

    func snapshot(number: Int, into writer: inout PatchWriter) {
        var closed = flags.indices.filter { flags[$0].contains(.closed) }
        closed.sort { keys[$0] < keys[$1] }
        writer.table(number, keysAreBytes: K.Bits.kind != .integer)
        shadow.withUnsafeBufferPointer { shadow in
            guard let shadow = shadow.baseAddress else { return }
            for slot in closed { write(.insert, layout.fullMask, slot, shadow + slot, &writer) }
        }
    }

    private func close(
        _ slot: Int32, _ row: UnsafeMutablePointer<R>, _ shadow: UnsafeMutablePointer<R>, _ writer: inout PatchWriter
    ) {
        let index = Int(slot)
        flags[index].remove(.touched)
        let isLive = flags[index].contains(.live)
        if isLive, layout.hasSteps { layout.round(row) }
        switch (flags[index].contains(.closed), isLive) {
        case (false, false): release(slot)
        case (true, false):
            write(.remove, 0, index, row, &writer)
            shadow.pointee = R()
            release(slot)
        case (false, true):
            write(.insert, layout.fullMask, index, row, &writer)
            shadow.pointee = row.pointee
            flags[index].insert(.closed)
        case (true, true):
            let mask = layout.difference(row, shadow)
            guard mask != 0 else { return }
            write(.set, mask, index, row, &writer)
            shadow.pointee = row.pointee
        }
    }

    private func write(
        _ operation: PatchOperation, _ mask: UInt64, _ slot: Int, _ row: UnsafePointer<R>, _ writer: inout PatchWriter
    ) {
        writer.begin(operation, mask: mask, key: keys[slot].rowKey)
        layout.encode(mask, of: row, into: &writer.values)
    }
}
