/// Several changes of one row as one.
enum RowMerge {
    private typealias Places = InlineArray<64, (start: Int, byteCount: Int)>

    /// What `rows`, oldest first, come to when the newest is a set: an insert if one is among them, else a set. For each
    /// field the newest value counts. Values are appended to `memory`, which has the room, unless the newest says it all.
    ///
    /// The values were read before, so they are well formed.
    static func merge(_ rows: UnsafeMutableBufferPointer<PatchEntry>, _ memory: inout WireMemory) -> PatchEntry {
        var result = rows[rows.count - 1]
        var places = Places(repeating: (0, 0))
        var place = rows.count - 1
        find(result.mask, of: result, in: memory.base, &places)
        while place > 0, result.operation == .set {
            place -= 1
            let row = rows[place]
            let missing = row.mask & ~result.mask
            if missing != 0 { find(missing, of: row, in: memory.base, &places) }
            result.mask |= row.mask
            result.operation = row.operation
        }
        guard result.mask != rows[rows.count - 1].mask else { return result }
        write(places, &result, &memory)
        return result
    }

    /// Takes down where the values in `wanted` are.
    @inline(__always)
    private static func find(
        _ wanted: UInt64, of row: PatchEntry, in memory: UnsafePointer<UInt8>, _ places: inout Places
    ) {
        var position = row.values
        var rest = row.mask
        while rest != 0 {
            let field = rest.trailingZeroBitCount
            rest &= rest &- 1
            let byteCount = WireValue.byteCount(memory + position)
            if wanted &>> UInt64(truncatingIfNeeded: field) & 1 != 0 { places[field] = (position, byteCount) }
            position &+= byteCount
        }
    }

    @inline(__always)
    private static func write(_ places: borrowing Places, _ result: inout PatchEntry, _ memory: inout WireMemory) {
        let start = memory.count
        var rest = result.mask
        while rest != 0 {
            let field = rest.trailingZeroBitCount
            rest &= rest &- 1
            memory.copy(memory.base + places[field].start, places[field].byteCount)
        }
        (result.values, result.valuesByteCount) = (start, memory.count - start)
    }
}

/// Values that were checked before.
enum WireValue {
    /// How many bytes the value has that begins here.
    @inline(__always)
    static func byteCount(_ value: UnsafePointer<UInt8>) -> Int {
        let first = value[0]
        if first < 0x80 { return 1 }
        if first < 0xC0 { return 2 }
        return longByteCount(value)
    }

    @inline(never)
    private static func longByteCount(_ value: UnsafePointer<UInt8>) -> Int {
        let first = value[0]
        switch first {
        case ..<0xE0: return 3
        case ..<0xF0: return 4
        case ..<ValueMark.blob: return Int(first) - 0xF0 + 5
        case ValueMark.null: return 1
        default: break
        }
        let head = byteCount(value + 1)
        var count = Int(value[1])
        if head > 1 {
            count &= head == 2 ? 0x3F : head == 3 ? 0x1F : head == 4 ? 0x0F : 0
            for place in 2...head { count = count << 8 | Int(value[place]) }
        }
        return 1 + head + count
    }
}
