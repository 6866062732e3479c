/// What differs when a state from nothing takes the place of what was held. Under another schema every row is new.
struct MirrorReplacement {
    let old: [MirrorRows]
    let oldSchema: SchemaDescription
    let new: [MirrorRows]
    let newSchema: SchemaDescription

    /// In order of table and key. When the schema changed, the rows of the old one are not listed: its tables are gone.
    var changes: [MirrorChange] {
        let isSameSchema = oldSchema == newSchema
        var changes: [MirrorChange] = []
        for (number, table) in newSchema.tables.enumerated() {
            let before = isSameSchema ? old[number].rows : [:]
            let after = new[number].rows
            var keys = Array(after.keys)
            keys += before.keys.lazy.filter { after[$0] == nil }
            for key in keys.sorted() {
                if let kind = Self.kind(before[key], after[key], table) {
                    changes.append(MirrorChange(table: number, key: key, kind: kind))
                }
            }
        }
        return changes
    }

    private static func kind(_ before: [UInt8]?, _ after: [UInt8]?, _ table: TableSchema) -> MirrorChange.Kind? {
        switch (before, after) {
        case (nil, nil): return nil
        case (nil, _?): return .added
        case (_?, nil): return .removed
        case (let before?, let after?):
            let mask = MirrorRows.difference(before, after, table)
            return mask == 0 ? nil : .changed(mask: mask)
        }
    }
}
