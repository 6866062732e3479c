import State

/// Why a text is not the JSON that was asked for; offsets count bytes from the beginning of the text.
package enum JSONError: Error, Equatable, Sendable {
    /// The text breaks RFC 8259 here.
    case malformed(WireError.StaticWord, at: Int)
    /// The text is not UTF-8.
    case notUTF8
    /// Arrays and objects are nested deeper than the limit.
    case tooDeep(limit: Int)
    /// An object has two members of the same name; the offset is behind them.
    case duplicateMember(at: Int)

    /// A sentence for the peer; never holds its bytes.
    package var reason: String {
        switch self {
        case .malformed(let what, let offset): "\(what) at byte \(offset)"
        case .notUTF8: "the text is not UTF-8"
        case .tooDeep(let limit): "the JSON is nested more than \(limit) deep"
        case .duplicateMember(let offset): "an object ending at byte \(offset) has two members of the same name"
        }
    }
}
