/// Reads and writes a raw-representable property through memory. The values have no storage: they only carry a type.
protocol RawAccess: Sendable {
    func value(at place: UnsafeRawPointer) -> FieldValue
    /// Leaves what is there if `value` is none of the type's.
    func store(_ value: FieldValue, at place: UnsafeMutableRawPointer)
    /// Assigns what is at one place to another.
    func copy(_ place: UnsafeRawPointer, to other: UnsafeMutableRawPointer)
}

extension RawAccess {
    /// Whether the values at two places are equal on the wire.
    func isEqual(_ one: UnsafeRawPointer, _ other: UnsafeRawPointer) -> Bool { value(at: one) == value(at: other) }
}

/// The access to a property of type `V`.
struct PlainRawAccess<V: RawRepresentable>: RawAccess where V.RawValue: FieldRepresentable {
    func value(at place: UnsafeRawPointer) -> FieldValue {
        place.assumingMemoryBound(to: V.self).pointee.rawValue.fieldValue
    }

    func store(_ value: FieldValue, at place: UnsafeMutableRawPointer) {
        guard let raw = V.RawValue(fieldValue: value), let value = V(rawValue: raw) else { return }
        place.assumingMemoryBound(to: V.self).pointee = value
    }

    func copy(_ place: UnsafeRawPointer, to other: UnsafeMutableRawPointer) {
        other.assumingMemoryBound(to: V.self).pointee = place.assumingMemoryBound(to: V.self).pointee
    }
}

/// The access to a property of type `V?`.
struct OptionalRawAccess<V: RawRepresentable>: RawAccess where V.RawValue: FieldRepresentable {
    func value(at place: UnsafeRawPointer) -> FieldValue {
        place.assumingMemoryBound(to: V?.self).pointee?.rawValue.fieldValue ?? .null
    }

    func store(_ value: FieldValue, at place: UnsafeMutableRawPointer) {
        if value == .null {
            place.assumingMemoryBound(to: V?.self).pointee = nil
        } else if let raw = V.RawValue(fieldValue: value), let value = V(rawValue: raw) {
            place.assumingMemoryBound(to: V?.self).pointee = value
        }
    }

    func copy(_ place: UnsafeRawPointer, to other: UnsafeMutableRawPointer) {
        other.assumingMemoryBound(to: V?.self).pointee = place.assumingMemoryBound(to: V?.self).pointee
    }
}
