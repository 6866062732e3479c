/// The rows of one table at a mirror: each as the bytes of all its values, in field order.
///
/// Bytes because equal values have equal bytes, a set is laid over them without decoding, and `encoded` copies them.
struct MirrorRows: Sendable {
    var rows: [RowKey: [UInt8]] = [:]

    /// Lays `row` over what is held and answers what really changed; nil if nothing did. The row was checked before.
    mutating func apply(_ row: PatchRow, _ table: TableSchema) throws(WireError) -> MirrorChange.Kind? {
        let key = try RowKey(row.key, kind: table.keys)
        switch row.operation {
        case .remove: return rows.removeValue(forKey: key) == nil ? nil : .removed
        case .insert: return put(Array(row.values), key, table)
        case .set:
            guard let held = rows[key] else { throw .invalid("a set of a row that is not there") }
            var merged = ByteWriter(capacity: held.count + row.values.count)
            try held.withBytes { (held) throws(WireError) in
                try ValueMerge.append(held, table.fullMask, row.values, row.mask, to: &merged)
            }
            return put(merged.bytes, key, table)
        }
    }

    private mutating func put(_ values: [UInt8], _ key: RowKey, _ table: TableSchema) -> MirrorChange.Kind? {
        guard let old = rows.updateValue(values, forKey: key) else { return .added }
        let mask = Self.difference(old, values, table)
        return mask == 0 ? nil : .changed(mask: mask)
    }

    /// A bit for every field that differs between two rows of well-formed values.
    static func difference(_ one: [UInt8], _ other: [UInt8], _ table: TableSchema) -> UInt64 {
        guard one != other else { return 0 }
        return one.withBytes { one in
            other.withBytes { other in
                var (left, right) = (ByteReader(one), ByteReader(other))
                var mask: UInt64 = 0
                for place in table.fields.indices {
                    let (leftStart, rightStart) = (left.position, right.position)
                    guard (try? left.skipValue()) != nil, (try? right.skipValue()) != nil else { return table.fullMask }
                    let isSame = left.slice(leftStart..<left.position)
                        .elementsEqual(right.slice(rightStart..<right.position))
                    if !isSame { mask |= 1 << UInt64(place) }
                }
                return mask
            }
        }
    }
}
