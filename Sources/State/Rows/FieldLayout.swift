/// Where a field lies in a row and how to read it there: plain numbers, so that loops over fields touch no reference.
struct FieldLayout: Sendable, BitwiseCopyable {
    enum Presence: UInt8, Sendable { case required, optional }

    /// From the start of the row, in bytes.
    let offset: Int
    /// For stepped kinds.
    let step: Double
    /// How many bytes the property has in memory.
    let byteCount: Int
    let kind: MemoryKind
    let presence: Presence
    let comparison: Comparison

    init(offset: Int, step: Double, byteCount: Int, kind: MemoryKind, presence: Presence) {
        (self.offset, self.step, self.byteCount) = (offset, step, byteCount)
        (self.kind, self.presence) = (kind, presence)
        comparison =
            switch (kind, presence) {
            case (_, .optional): .rare
            case (.bool, _), (.int8, _), (.uint8, _): .word8
            case (.int16, _), (.uint16, _): .word16
            case (.int32, _), (.uint32, _): .word32
            case (.int64, _), (.uint64, _): .word64
            case (.text, _): .text
            default: .rare
            }
    }

    /// How two of them are compared: the common ways are told apart at once.
    enum Comparison: UInt8, Sendable { case word8, word16, word32, word64, text, rare }
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
    /// The wire number of a field that is a number and not optional.
    @inline(__always) func plainNum(_ row: UnsafeRawPointer) -> UInt64 {
        let place = row + offset
        return switch kind {
        case .bool: place.load(as: Bool.self) ? 1 : 0
        case .int8: Int64(place.load(as: Int8.self)).zigzag
        case .int16: Int64(place.load(as: Int16.self)).zigzag
        case .int32: Int64(place.load(as: Int32.self)).zigzag
        case .int64: place.load(as: Int64.self).zigzag
        case .uint8: UInt64(place.load(as: UInt8.self))
        case .uint16: UInt64(place.load(as: UInt16.self))
        case .uint32: UInt64(place.load(as: UInt32.self))
        case .uint64: place.load(as: UInt64.self)
        case .float: place.load(as: Float.self).wireBits
        case .double: place.load(as: Double.self).wireBits
        case .steppedFloat: Quantum.steps(Double(place.load(as: Float.self)), step: step).zigzag
        case .steppedDouble: Quantum.steps(place.load(as: Double.self), step: step).zigzag
        case .text, .bytes, .raw: 0
        }
    }

    /// The wire number of a field that is an optional number; nil for nil.
    func optionalNum(_ row: UnsafeRawPointer) -> UInt64? {
        let place = row + offset
        return switch kind {
        case .bool: place.load(as: Bool?.self).map { $0 ? 1 : 0 }
        case .int8: place.load(as: Int8?.self).map { Int64($0).zigzag }
        case .int16: place.load(as: Int16?.self).map { Int64($0).zigzag }
        case .int32: place.load(as: Int32?.self).map { Int64($0).zigzag }
        case .int64: place.load(as: Int64?.self).map { $0.zigzag }
        case .uint8: place.load(as: UInt8?.self).map { UInt64($0) }
        case .uint16: place.load(as: UInt16?.self).map { UInt64($0) }
        case .uint32: place.load(as: UInt32?.self).map { UInt64($0) }
        case .uint64: place.load(as: UInt64?.self)
        case .float: place.load(as: Float?.self).map { $0.wireBits }
        case .double: place.load(as: Double?.self).map { $0.wireBits }
        case .steppedFloat: place.load(as: Float?.self).map { Quantum.steps(Double($0), step: step).zigzag }
        case .steppedDouble: place.load(as: Double?.self).map { Quantum.steps($0, step: step).zigzag }
        case .text, .bytes, .raw: nil
        }
    }
}
