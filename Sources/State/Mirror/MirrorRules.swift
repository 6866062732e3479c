/// What values a field takes, as plain numbers, so that a patch is checked without decoding it.
struct FieldRule: Sendable, BitwiseCopyable {
    enum Form: UInt8, Sendable, BitwiseCopyable { case number, float, double, text, bytes }

    let form: Form
    let isOptional: Bool
    /// The highest value of one byte; −1 where no number will do.
    let shortLimit: Int16
    /// The highest `num`.
    let limit: UInt64

    init(_ field: FieldDescription) {
        form =
            switch field.type {
            case .float: .float
            case .double: .double
            case .text: .text
            case .bytes: .bytes
            default: .number
            }
        isOptional = field.isOptional
        limit = field.type.highestNum ?? 0
        shortLimit = field.type.highestNum.map { Int16(min($0, 127)) } ?? -1
    }
}

/// A table's rules.
struct TableRule: Sendable, BitwiseCopyable {
    let kind: KeyKind
    let fullMask: UInt64
    /// Where its fields' rules begin.
    let firstField: Int
}

/// The rules of all tables of a schema, made once for each schema that comes.
struct MirrorRules: Sendable {
    let tables: [TableRule]
    let fields: [FieldRule]

    init(_ schema: SchemaDescription) {
        var tables: [TableRule] = []
        var fields: [FieldRule] = []
        for table in schema.tables {
            tables.append(TableRule(kind: table.keys, fullMask: table.fullMask, firstField: fields.count))
            fields += table.fields.map { FieldRule($0) }
        }
        (self.tables, self.fields) = (tables, fields)
    }
}

/// The same, where they lie, for the length of one call.
struct RowRules {
    let tables: UnsafeBufferPointer<TableRule>
    let fields: UnsafeBufferPointer<FieldRule>

    /// The rules of the table that `row` is of, when its key and mask are the table's.
    @inline(__always)
    func table(of row: PatchEntry) throws(WireError) -> TableRule {
        guard Int(row.table) < tables.count else { throw .invalid("a table that the schema does not have") }
        let table = tables[Int(row.table)]
        guard row.keysAreBytes == (table.kind == .text) else {
            throw .invalid("a key of another kind than its table's")
        }
        guard row.mask & ~table.fullMask == 0 else { throw .invalid("a field that the schema does not have") }
        guard row.operation != .insert || row.mask == table.fullMask else {
            throw .invalid("an insert without all its fields")
        }
        return table
    }

    /// Throws unless the bytes of a key are a text.
    func check(key: UnsafeRawBufferPointer) throws(WireError) {
        guard UTF8Check.isValid(key) else { throw .invalid("a key that is not UTF-8") }
    }

    /// Throws unless each value is one of its field's. They are known to be well formed.
    @inline(__always)
    func check(values start: UnsafePointer<UInt8>, _ mask: UInt64, _ table: TableRule) throws(WireError) {
        var value = start
        var rest = mask
        while rest != 0 {
            let field = fields[table.firstField &+ rest.trailingZeroBitCount]
            rest &= rest &- 1
            if Int16(value[0]) <= field.shortLimit, value[0] < 0x80 {
                value += 1
            } else {
                let byteCount = WireValue.byteCount(value)
                try checkLong(value, byteCount, field)
                value += byteCount
            }
        }
    }

    private func checkLong(_ value: UnsafePointer<UInt8>, _ byteCount: Int, _ field: FieldRule) throws(WireError) {
        var cursor = WireCursor(UnsafeRawBufferPointer(start: value, count: byteCount))
        switch value[0] {
        case ValueMark.null: guard field.isOptional else { throw .invalid("nil in a field that is not optional") }
        case ValueMark.blob:
            try cursor.skip(1)
            let count = try cursor.blobByteCount()
            switch field.form {
            case .bytes: break
            case .text:
                guard UTF8Check.isValid(cursor.bytes(cursor.position, count)) else {
                    throw .notUTF8(at: cursor.position)
                }
            case .number, .float, .double: throw .invalid("bytes in a field that is a number")
            }
        default:
            let num = try cursor.num()
            switch field.form {
            case .text, .bytes: throw .invalid("a number in a field of text or bytes")
            case .number: guard num <= field.limit else { throw .invalid("a number out of its field's range") }
            case .float:
                guard num <= field.limit else { throw .invalid("a number out of its field's range") }
                let float = Float(bitPattern: UInt32(truncatingIfNeeded: num).byteSwapped)
                guard float.wireBits == num else { throw .invalid("a NaN other than the one") }
            case .double:
                guard Double(bitPattern: num.byteSwapped).wireBits == num else {
                    throw .invalid("a NaN other than the one")
                }
            }
        }
    }
}

/// Whether bytes are UTF-8; most are ASCII, and then nothing is made of them.
enum UTF8Check {
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80 || String(validating: bytes, as: UTF8.self) != nil
    }
}
