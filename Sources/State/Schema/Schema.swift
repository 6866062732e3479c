/// A plain struct whose stored properties are a row's fields, each with a default value.
///
///     struct Player: Row {
///         var x: Float = 0, y: Float = 0, name = ""
///         static let schema = Schema<Player>(.field("x", \.x), .field("y", \.y), .field("name", \.name))
///     }
public protocol Row {
    init()
    static var schema: Schema<Self> { get }
}

/// The fields of a row, in the order of their bits. Whether it can work is checked when it is made; a table that is declared
/// with one that cannot says so.
public struct Schema<R>: Sendable {
    let fields: [Field<R>.Declared]
    /// How its rows lie in memory; of nothing, if a field cannot work.
    let layout: RowLayout
    /// What keeps this schema from working; nil if nothing does.
    let problem: SchemaError.Problem?

    /// The fields as the wire names them.
    var descriptions: [FieldDescription] {
        fields.map { FieldDescription(name: $0.name, type: $0.type, isOptional: $0.layout.presence == .optional) }
    }
}

extension Schema where R: Row {
    public init(_ fields: Field<R>...) {
        var declared: [Field<R>.Declared] = []
        var left: [String] = []
        for field in fields {
            switch field.entry {
            case .field(let field): declared.append(field)
            case .leaving(let properties): left += properties
            }
        }
        self.fields = declared
        problem = Self.problem(of: declared, left)
        let isPlain = declared.count <= SchemaLimits.fieldLimit && declared.allSatisfy { $0.problem == nil }
        layout = isPlain ? RowLayout(declared) : RowLayout()
    }

    private static func problem(of fields: [Field<R>.Declared], _ left: [String]) -> SchemaError.Problem? {
        let limit = SchemaLimits.fieldLimit
        if fields.count > limit { return .tooManyFields(count: fields.count, limit: limit) }
        if let problem = fields.lazy.compactMap(\.problem).first { return problem }
        var names: Set<TextKey> = []
        var owners: [Int: String] = [:]
        for field in fields {
            guard names.insert(TextKey(field.name)).inserted else { return .fieldNameTaken(field: field.name) }
            guard field.byteCount > 0 else { continue }
            if let other = owners.updateValue(field.name, forKey: field.layout.offset) {
                return .samePropertyTwice(field: other, other: field.name)
            }
        }
        let covered = fields.map { $0.layout.offset..<$0.layout.offset + $0.byteCount }
        return StoredProperties(of: R()).problem(covered: covered, left: left)
    }
}
