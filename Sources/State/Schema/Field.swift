/// One entry of a `Schema`: a stored property that travels, or names of properties that do not.
///
/// Written `.field("x", \.x)`, `.field("x", \.x, step: 0.01)` or `.leaving("cache")`. The key path is used once, for the
/// property's place in memory.
public struct Field<R>: Sendable {
    /// What an entry says.
    enum Entry: Sendable {
        case field(Declared)
        case leaving([String])
    }

    /// A field as declared, with what is wrong with it if anything is.
    struct Declared: Sendable {
        let name: String
        let layout: FieldLayout
        let access: (any RawAccess)?
        let type: FieldType
        let byteCount: Int
        let problem: SchemaError.Problem?
    }

    let entry: Entry

    /// Stored properties that are not sent: said out loud, so that none is forgotten. What they hold is not state.
    public static func leaving(_ properties: String...) -> Field { Field(entry: .leaving(properties)) }

    public static func field<V: FieldRepresentable>(_ name: String, _ path: KeyPath<R, V>) -> Field {
        declare(name, path, V.fieldShape, .required)
    }

    public static func field<V: FieldRepresentable>(_ name: String, _ path: KeyPath<R, V?>) -> Field {
        declare(name, path, V.fieldShape, .optional)
    }

    /// An enum with raw values, or any other type with them, sent as its raw value.
    public static func field<V: RawRepresentable>(_ name: String, _ path: KeyPath<R, V>) -> Field
    where V.RawValue: FieldRepresentable {
        let shape = FieldShape(kind: .raw, type: V.RawValue.fieldShape.type)
        return declare(name, path, shape, .required, access: PlainRawAccess<V>())
    }

    /// An optional enum with raw values, sent as its raw value or nil.
    public static func field<V: RawRepresentable>(_ name: String, _ path: KeyPath<R, V?>) -> Field
    where V.RawValue: FieldRepresentable {
        let shape = FieldShape(kind: .raw, type: V.RawValue.fieldShape.type)
        return declare(name, path, shape, .optional, access: OptionalRawAccess<V>())
    }

    /// A number that is rounded to whole multiples of `step`, in the table too, at the end of the tick. It travels as a
    /// whole number, so nearby values are short. NaN becomes 0; it holds up to 2⁵⁰ steps either way.
    public static func field(_ name: String, _ path: KeyPath<R, Float>, step: Double) -> Field {
        declare(name, path, FieldShape(kind: .steppedFloat, type: .quantised(step: step)), .required)
    }

    /// As for `Float`.
    public static func field(_ name: String, _ path: KeyPath<R, Double>, step: Double) -> Field {
        declare(name, path, FieldShape(kind: .steppedDouble, type: .quantised(step: step)), .required)
    }

    /// As for `Float`; nil stays nil.
    public static func field(_ name: String, _ path: KeyPath<R, Float?>, step: Double) -> Field {
        declare(name, path, FieldShape(kind: .steppedFloat, type: .quantised(step: step)), .optional)
    }

    /// As for `Float`; nil stays nil.
    public static func field(_ name: String, _ path: KeyPath<R, Double?>, step: Double) -> Field {
        declare(name, path, FieldShape(kind: .steppedDouble, type: .quantised(step: step)), .optional)
    }

    /// Any other type: refused when the table is declared, with the field's name.
    public static func field<V>(_ name: String, _ path: KeyPath<R, V>) -> Field {
        let shape = FieldShape(kind: .bool, type: .bool)
        return declare(name, path, shape, .required, problem: .unsupportedType(field: name, type: "\(V.self)"))
    }

    private static func declare<V>(
        _ name: String, _ path: KeyPath<R, V>, _ shape: FieldShape, _ presence: FieldLayout.Presence,
        access: (any RawAccess)? = nil, problem: SchemaError.Problem? = nil
    ) -> Field {
        let offset = MemoryLayout<R>.offset(of: path)
        var problem = problem
        var step = 1.0
        if case .quantised(let given) = shape.type {
            step = given
            if !(step.isFinite && step > 0) { problem = .badStep(field: name, step: step) }
        }
        if offset == nil { problem = .notStored(field: name) }
        if problem == nil, !(path is WritableKeyPath<R, V>) { problem = .notVariable(field: name) }
        let layout = FieldLayout(
            offset: offset ?? 0, step: step, byteCount: MemoryLayout<V>.size, kind: shape.kind, presence: presence)
        return Field(
            entry: .field(
                Declared(
                    name: name, layout: layout, access: access, type: shape.type,
                    byteCount: MemoryLayout<V>.size, problem: problem)))
    }
}
