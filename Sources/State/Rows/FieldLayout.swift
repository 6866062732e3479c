/// Where a field lies in a row and how to read it there: plain numbers, so that loops over fields touch no reference.
struct FieldLayout: Sendable {
    enum Presence: UInt8, Sendable { case required, optional }

    /// From the start of the row, in bytes.
    let offset: Int
    /// For stepped kinds.
    let step: Double
    let kind: MemoryKind
    let presence: Presence
}

/// How rows of one table lie in memory, without their type. Made once, when the table is declared.
///
/// The per-row work (compare, encode, round, store) is in extensions over raw pointers; whoever calls them vouches that
/// the pointer is to an initialised row of the type that this layout was made for.
struct RowLayout: Sendable {
    let fields: [FieldLayout]
    /// At a field's place, for fields of the kind `raw`; nil elsewhere.
    let accesses: [(any RawAccess)?]
    let hasSteps: Bool

    init<R>(_ schema: Schema<R>) {
        fields = schema.fields.map(\.layout)
        accesses = schema.fields.map(\.access)
        hasSteps = fields.contains { $0.kind == .steppedFloat || $0.kind == .steppedDouble }
    }

    /// A layout of nothing, for a table whose schema was refused.
    init() {
        fields = []
        accesses = []
        hasSteps = false
    }

    /// A bit for every field.
    var fullMask: UInt64 { fields.count == 64 ? .max : (1 << UInt64(fields.count)) - 1 }
}

extension FieldLayout {
    /// The wire number of a field that is a number; nil for nil. Not for texts, bytes and raw kinds, which answer nil.
    @inline(__always) func num(_ row: UnsafeRawPointer) -> UInt64? {
        let place = row + offset
        return switch kind {
        case .bool: read(place, Bool.self) { $0 ? 1 : 0 }
        case .int8: read(place, Int8.self) { Int64($0).zigzag }
        case .int16: read(place, Int16.self) { Int64($0).zigzag }
        case .int32: read(place, Int32.self) { Int64($0).zigzag }
        case .int64: read(place, Int64.self) { $0.zigzag }
        case .uint8: read(place, UInt8.self) { UInt64($0) }
        case .uint16: read(place, UInt16.self) { UInt64($0) }
        case .uint32: read(place, UInt32.self) { UInt64($0) }
        case .uint64: read(place, UInt64.self) { $0 }
        case .float: read(place, Float.self) { $0.wireBits }
        case .double: read(place, Double.self) { $0.wireBits }
        case .steppedFloat: read(place, Float.self) { Quantum.steps(Double($0), step: step).zigzag }
        case .steppedDouble: read(place, Double.self) { Quantum.steps($0, step: step).zigzag }
        case .text, .bytes, .raw: nil
        }
    }

    /// Reads a `V` or a `V?`, whichever lies there.
    @inline(__always) func read<V, T>(_ place: UnsafeRawPointer, _: V.Type, _ map: (V) -> T) -> T? {
        switch presence {
        case .required: map(place.load(as: V.self))
        case .optional: place.load(as: V?.self).map(map)
        }
    }
}
