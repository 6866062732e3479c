/// Where a field lies in a row and how to read it there: plain numbers, so that loops over fields touch no reference.
struct FieldLayout: Sendable, BitwiseCopyable {
    enum Presence: UInt8, Sendable { case required, optional }

    /// What the loop over a row's fields tells apart: the common types, and all others.
    enum Shape: UInt8, Sendable {
        case bool
        case int8, int16, int32, int64
        case uint8, uint16, uint32, uint64
        case float, double
        case text
        case rare
    }

    /// From the start of the row, in bytes.
    let offset: Int
    let shape: Shape
    let kind: MemoryKind
    let presence: Presence
    /// For stepped kinds.
    let step: Double
    /// How many bytes the property has in memory.
    let byteCount: Int

    init(offset: Int, step: Double, byteCount: Int, kind: MemoryKind, presence: Presence) {
        (self.offset, self.step, self.byteCount) = (offset, step, byteCount)
        (self.kind, self.presence) = (kind, presence)
        // Both begin with the same cases in the same order.
        let last = ShortText.isUnderstood ? MemoryKind.text : .double
        let isCommon = presence == .required && kind.rawValue <= last.rawValue
        shape = isCommon ? Shape(rawValue: kind.rawValue) ?? .rare : .rare
    }
}

/// How rows of one table lie in memory, without their type. Made once, with the schema.
///
/// The per-row work (compare, encode, round, store) is in extensions over raw pointers; whoever calls them vouches that
/// the pointer is to an initialised row of the type that this layout was made for.
struct RowLayout: Sendable {
    let fields: [FieldLayout]
    /// At a field's place, for fields of the kind `raw`; nil elsewhere.
    let accesses: [(any RawAccess)?]
    let hasSteps: Bool
    /// A bit for every field.
    let fullMask: UInt64

    init<R>(_ declared: [Field<R>.Declared]) {
        fields = declared.map(\.layout)
        accesses = declared.map(\.access)
        hasSteps = fields.contains { $0.kind == .steppedFloat || $0.kind == .steppedDouble }
        fullMask = fields.count == 64 ? .max : (1 << UInt64(fields.count)) - 1
    }

    /// A layout of nothing, for a table whose schema was refused.
    init() {
        fields = []
        accesses = []
        hasSteps = false
        fullMask = 0
    }
}

extension FieldLayout {
    /// The wire number of a field that is a number and lies at `place`; nil for nil. Texts, bytes and raw kinds answer nil.
    func num(_ place: UnsafeRawPointer) -> UInt64? {
        switch kind {
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
    @inline(__always) private func read<V, T>(_ place: UnsafeRawPointer, _: V.Type, _ map: (V) -> T) -> T? {
        switch presence {
        case .required: map(place.load(as: V.self))
        case .optional: place.load(as: V?.self).map(map)
        }
    }
}
