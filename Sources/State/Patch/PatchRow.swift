/// What a patch does to a row; the numbers are those of a group's header.
package enum PatchOperation: UInt8, Sendable, BitwiseCopyable {
    case remove = 1
    /// All fields; replaces the row if there is one.
    case insert = 2
    /// Some fields of a row that is there.
    case set = 3
}

/// A key inside a patch: a number, or bytes that the patch's memory holds.
package enum PatchKey {
    case int(Int64)
    case bytes(UnsafeRawBufferPointer)
}

/// One row of a patch. Borrows the patch's memory: it must not outlive the buffer that its reader was made with.
package struct PatchRow {
    /// The number of its table.
    package let table: Int
    package let key: PatchKey
    package let operation: PatchOperation
    /// A bit for every field with a value here; 0 for a remove.
    package let mask: UInt64
    /// The values one after the other in field order, each well formed.
    package let values: UnsafeRawBufferPointer
}

/// What a patch may hold.
package enum PatchLimits {
    /// Rows of one patch. A run of removed rows takes a few bytes however long it is; this bounds the work that a
    /// patch can ask for.
    package static let rowLimit = 1 << 20
}

extension PatchKey {
    /// The order of rows in a table; nil between keys of different kinds.
    func precedes(_ other: PatchKey) -> Bool? {
        switch (self, other) {
        case (.int(let a), .int(let b)): a < b
        case (.bytes(let a), .bytes(let b)): a.lexicographicallyPrecedes(b)
        default: nil
        }
    }
}

extension RowKey {
    /// The key that `key` is in a table whose keys are of kind `kind`.
    init(_ key: PatchKey, kind: KeyKind) throws(WireError) {
        switch (key, kind) {
        case (.int(let value), .integer): self = .int(value)
        case (.bytes(let bytes), .text):
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .invalid("a key that is not UTF-8") }
            self = .text(text)
        case (.int(let value), .session):
            guard value > 0 else { throw .invalid("a session number below 1") }
            self = .session(SessionNumber(key: value))
        default: throw .invalid("a key of another kind than its table's")
        }
    }
}
