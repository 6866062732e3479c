/// Merges two sorted streams of rows into one. Lives for one squash.
struct Squasher {
    enum Aim {
        case patch
        /// The older is from nothing, and so is the result: there is nothing to remove.
        case keyframe
    }

    private let aim: Aim
    private var writer = PatchWriter()
    private var table = -1

    init(aim: Aim) { self.aim = aim }

    mutating func squash(_ older: PatchReader, _ newer: PatchReader) throws(WireError) -> [UInt8] {
        var (older, newer) = (older, newer)
        var (old, new) = (try older.next(), try newer.next())
        while true {
            switch (old, new) {
            case (nil, nil): return writer.finish()
            case (let row?, nil):
                try keep(row)
                old = try older.next()
            case (nil, let row?):
                try add(row)
                new = try newer.next()
            case (let oldRow?, let newRow?):
                switch try order(oldRow, newRow) {
                case .older:
                    try keep(oldRow)
                    old = try older.next()
                case .newer:
                    try add(newRow)
                    new = try newer.next()
                case .same:
                    try merge(oldRow, newRow)
                    old = try older.next()
                    new = try newer.next()
                }
            }
        }
    }

    private enum Order { case older, newer, same }

    private func order(_ old: PatchRow, _ new: PatchRow) throws(WireError) -> Order {
        if old.table != new.table { return old.table < new.table ? .older : .newer }
        guard let isBefore = old.key.precedes(new.key), let isAfter = new.key.precedes(old.key) else {
            throw .invalid("a table whose keys change their kind")
        }
        return isBefore ? .older : isAfter ? .newer : .same
    }

    /// A row that only the older patch has.
    private mutating func keep(_ row: PatchRow) throws(WireError) {
        guard aim == .patch || row.operation == .insert else { throw .invalid("a keyframe that is not from nothing") }
        begin(row)
        writer.copy(row)
    }

    /// A row that only the newer patch has.
    private mutating func add(_ row: PatchRow) throws(WireError) {
        if aim == .keyframe {
            if row.operation == .remove { return }
            guard row.operation == .insert else { throw .invalid("a set of a row that is not there") }
        }
        begin(row)
        writer.copy(row)
    }

    private mutating func merge(_ old: PatchRow, _ new: PatchRow) throws(WireError) {
        guard aim == .patch || old.operation == .insert else { throw .invalid("a keyframe that is not from nothing") }
        switch (old.operation, new.operation) {
        case (_, .insert):
            begin(new)
            writer.copy(new)
        case (_, .remove):
            if aim == .keyframe { return }
            begin(new)
            writer.copy(new)
        case (.remove, .set): throw .invalid("a set of a row that is not there")
        case (.insert, .set), (.set, .set):
            begin(new)
            writer.begin(old.operation, mask: old.mask | new.mask, key: new.key)
            try ValueMerge.append(old, new, to: &writer.values)
        }
    }

    private mutating func begin(_ row: PatchRow) {
        guard row.table != table else { return }
        table = row.table
        if case .bytes = row.key {
            writer.table(table, keysAreBytes: true)
        } else {
            writer.table(table, keysAreBytes: false)
        }
    }
}

/// Lays the values of a set over those of an older row.
enum ValueMerge {
    /// Appends, for each field of either, the newer's value if it has one.
    static func append(_ old: PatchRow, _ new: PatchRow, to writer: inout ByteWriter) throws(WireError) {
        try append(old.values, old.mask, new.values, new.mask, to: &writer)
    }

    static func append(
        _ oldValues: UnsafeRawBufferPointer, _ oldMask: UInt64,
        _ newValues: UnsafeRawBufferPointer, _ newMask: UInt64, to writer: inout ByteWriter
    ) throws(WireError) {
        var (old, new) = (ByteReader(oldValues), ByteReader(newValues))
        var rest = oldMask | newMask
        while rest != 0 {
            let bit = rest & (0 &- rest)
            rest &= rest - 1
            let (oldStart, newStart) = (old.position, new.position)
            if oldMask & bit != 0 { try old.skipValue() }
            if newMask & bit != 0 {
                try new.skipValue()
                writer.raw(new.slice(newStart..<new.position))
            } else {
                writer.raw(old.slice(oldStart..<old.position))
            }
        }
    }
}
