/// The stored properties of a struct, with their places in memory, to find those that a schema forgot.
///
/// Reflection gives names and types; places follow from Swift's struct layout (in order, each aligned). Used once a table.
struct StoredProperties {
    private struct Property {
        let name: String
        let range: Range<Int>
        let parts: [Property]
    }

    private let properties: [Property]

    init<R>(of row: R) { properties = Self.properties(of: row, at: 0) }

    /// A property with no field over its bytes that `left` does not name, or a name in `left` without such a property.
    func problem(covered: [Range<Int>], left: [String]) -> SchemaError.Problem? {
        let forgotten = properties.flatMap { Self.forgotten($0, prefix: "", covered: covered) }
        if let property = forgotten.first(where: { !left.contains($0) }) { return .leftOut(property: property) }
        if let property = left.first(where: { !forgotten.contains($0) }) { return .nothingToLeave(property: property) }
        return nil
    }

    private static func forgotten(_ property: Property, prefix: String, covered: [Range<Int>]) -> [String] {
        let name = prefix + property.name
        if covered.contains(property.range) { return [] }
        let isTouched = covered.contains { $0.overlaps(property.range) }
        guard isTouched, !property.parts.isEmpty else { return [name] }
        return property.parts.flatMap { forgotten($0, prefix: name + ".", covered: covered) }
    }

    private static func properties(of value: Any, at start: Int) -> [Property] {
        var end = start
        var properties: [Property] = []
        for child in Swift.Mirror(reflecting: value).children {
            let layout = Self.layout(of: child.value)
            let offset = (end - start + layout.alignment - 1) / layout.alignment * layout.alignment + start
            end = offset + layout.size
            let isStruct = Swift.Mirror(reflecting: child.value).displayStyle == .struct
            properties.append(
                Property(
                    name: child.label ?? "", range: offset..<end,
                    parts: isStruct ? Self.properties(of: child.value, at: offset) : []))
        }
        return properties
    }

    private static func layout(of value: Any) -> (size: Int, alignment: Int) {
        func open<V>(_ value: V) -> (size: Int, alignment: Int) { (MemoryLayout<V>.size, MemoryLayout<V>.alignment) }
        return _openExistential(value, do: open)
    }
}
