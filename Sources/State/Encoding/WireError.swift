/// Why bytes were not understood. A peer's fault, never ours: whoever reads the peer ends that one connection with it.
public enum WireError: Error, Equatable, Sendable {
    /// The bytes end inside a field that began at this offset.
    case truncated(at: Int)
    /// An integer is longer than it needs to be, or begins with a byte that never begins one.
    case malformedInteger(at: Int)
    /// A text is not UTF-8.
    case notUTF8(at: Int)
    /// This many bytes stand behind the last field.
    case trailing(byteCount: Int)
    /// A count or a size is over its limit; nothing was allocated for it.
    case overLimit(what: StaticWord, value: UInt64, limit: UInt64)
    /// A field holds a value that has no meaning here.
    case invalid(StaticWord)

    /// A word of this program's own, so that an error never carries a peer's bytes.
    public struct StaticWord: Equatable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        public let description: String
        public init(stringLiteral value: StaticString) { description = "\(value)" }
    }
}

extension WireError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let offset): "the bytes end inside the field at offset \(offset)"
        case .malformedInteger(let offset): "the integer at offset \(offset) is not in its shortest form"
        case .notUTF8(let offset): "the text at offset \(offset) is not UTF-8"
        case .trailing(let count): "\(count) bytes are left over"
        case .overLimit(let what, let value, let limit): "\(what) is \(value), the limit is \(limit)"
        case .invalid(let what): "\(what) is not valid"
        }
    }
}
