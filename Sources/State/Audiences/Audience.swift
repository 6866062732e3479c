/// Who may see a row: everyone, nobody, or those whom the back puts into an audience of the application's own (a team, a
/// cell of a map, one player).
///
/// A handle with a number, made by `Audiences`. A row belongs to exactly one, a session to any number of them.
public struct Audience: Hashable, Sendable {
    /// What it is called on the wire.
    let number: UInt32

    /// Every session of the channel. Rows are for everyone unless the application says otherwise.
    public static let everyone = Audience(number: 0)

    /// No session: rows that are state, but are never sent.
    public static let nobody = Audience(number: .max)

    init(number: UInt32) { self.number = number }

    /// The audience that a section calls `wireNumber`; nil if no state gives such a number.
    package init?(wireNumber: UInt64) {
        guard wireNumber < UInt64(UInt32.max) else { return nil }
        number = UInt32(wireNumber)
    }

    /// As sections name it. Nobody has none, for it is never sent; here it is the highest.
    package var wireNumber: UInt64 { UInt64(number) }
}

extension Audience: Comparable {
    /// In the order in which they were first used.
    public static func < (one: Audience, other: Audience) -> Bool { one.number < other.number }
}

extension Audience: CustomStringConvertible {
    public var description: String {
        switch self {
        case .everyone: "everyone"
        case .nobody: "nobody"
        default: "audience \(number)"
        }
    }
}

/// What one audience is owed for a tick: made by `State.closeAudiences`, sent by the core.
package struct AudienceChange: Equatable, Sendable {
    package let audience: Audience
    /// The canonical patch of its rows; never empty.
    package let patch: [UInt8]
    /// The hash of its rows after the patch.
    package let hash: StateHash
}
