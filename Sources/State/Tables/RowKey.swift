/// A row's key without its Swift type. Texts are equal and ordered by their UTF-8 bytes, so two spellings of one
/// character are two keys, as they are on the wire.
public enum RowKey: Sendable {
    case int(Int64)
    case text(String)
    case session(SessionNumber)
}

extension RowKey: Hashable {
    public static func == (one: RowKey, other: RowKey) -> Bool {
        switch (one, other) {
        case (.int(let a), .int(let b)): a == b
        case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
        case (.session(let a), .session(let b)): a == b
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .int(let value): hasher.combine(value)
        case .text(let value): TextKey(value).hash(into: &hasher)
        case .session(let value): hasher.combine(value)
        }
    }
}

extension RowKey: Comparable {
    /// By kind, then as patches order keys.
    public static func < (one: RowKey, other: RowKey) -> Bool {
        switch (one, other) {
        case (.int(let a), .int(let b)): a < b
        case (.text(let a), .text(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.session(let a), .session(let b)): a < b
        default: one.kind.rawValue < other.kind.rawValue
        }
    }

    /// What kind of key it is.
    public var kind: KeyKind {
        switch self {
        case .int: .integer
        case .text: .text
        case .session: .session
        }
    }
}

extension RowKey: CustomStringConvertible {
    /// As JSON texts name the row: decimal digits, or the text itself.
    public var description: String {
        switch self {
        case .int(let value): String(value)
        case .text(let value): value
        case .session(let value): value.description
        }
    }
}

/// What kind of key a table has; the numbers are those of a schema.
public enum KeyKind: UInt8, Sendable, BitwiseCopyable {
    case integer = 1
    case text = 2
    case session = 3
}

/// A text that is hashed and ordered by its UTF-8 bytes; Swift's own `String` takes two spellings of é for one.
public struct TextKey: Hashable, Comparable, Sendable {
    public let text: String

    init(_ text: String) { self.text = text }

    public static func == (one: TextKey, other: TextKey) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

    public static func < (one: TextKey, other: TextKey) -> Bool {
        one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension TextKey {
    /// Its bytes, where they are.
    func withBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
        var text = text
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}

extension StateHash {
    /// What `key` gives to the hash of its row.
    init(table: Int, key: RowKey) {
        switch key {
        case .int(let key): self.init(table: table, key: key)
        case .session(let number): self.init(table: table, key: number.key)
        case .text(let text): self = TextKey(text).withBytes { StateHash(table: table, key: $0) }
        }
    }

    private init(table: Int, key: UnsafeRawBufferPointer) {
        // An empty text may have no memory; any address does for no bytes.
        self = key.withMemoryRebound(to: UInt8.self) { key in
            withUnsafePointer(to: 0 as UInt8) { StateHash(table: table, key: key.baseAddress ?? $0, key.count) }
        }
    }
}
