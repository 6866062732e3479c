/// Why a table cannot work: found when it is declared, before anything runs.
public struct SchemaError: Error, Equatable, Sendable {
    /// The table's name.
    public let table: String
    public let problem: Problem

    package init(table: String, problem: Problem) {
        self.table = table
        self.problem = problem
    }

    /// What is wrong; a name in it is a field's or a property's.
    public enum Problem: Equatable, Sendable {
        /// Another table has this name.
        case nameTaken
        /// More tables than `limit`.
        case tooManyTables(limit: Int)
        /// More fields than the 64 that a mask has bits for.
        case tooManyFields(count: Int, limit: Int)
        /// Two fields have this name.
        case fieldNameTaken(field: String)
        /// Two fields stand for the same property.
        case samePropertyTwice(field: String, other: String)
        /// The property is computed, observed, lazy or wrapped, so it has no place in the row's memory.
        case notStored(field: String)
        /// The property is a `let`.
        case notVariable(field: String)
        /// No field can hold this type.
        case unsupportedType(field: String, type: String)
        /// The step is not a finite number above zero.
        case badStep(field: String, step: Double)
        /// A stored property that is neither a field nor named in `.leaving`.
        case leftOut(property: String)
        /// `.leaving` names what is not a stored property without a field.
        case nothingToLeave(property: String)
    }
}

extension SchemaError: CustomStringConvertible {
    public var description: String { "table \"\(table)\": \(problem)" }
}

extension SchemaError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .nameTaken: "another table has this name"
        case .tooManyTables(let limit): "a state has at most \(limit) tables"
        case .tooManyFields(let count, let limit): "\(count) fields, the limit is \(limit)"
        case .fieldNameTaken(let field): "two fields are called \"\(field)\""
        case .samePropertyTwice(let field, let other): "\"\(field)\" and \"\(other)\" are the same property"
        case .notStored(let field):
            "field \"\(field)\" is computed, observed, lazy or wrapped; a field is a plain stored property"
        case .notVariable(let field): "field \"\(field)\" is a let; make it a var"
        case .unsupportedType(let field, let type): "field \"\(field)\" has the type \(type), which no field can hold"
        case .badStep(let field, let step): "field \"\(field)\" has the step \(step); it must be finite and above zero"
        case .leftOut(let property): "property \"\(property)\" has no field; add one, or say .leaving(\"\(property)\")"
        case .nothingToLeave(let property): ".leaving(\"\(property)\"): there is no such property without a field"
        }
    }
}
