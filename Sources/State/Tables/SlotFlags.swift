/// What a slot of a table holds.
struct SlotFlags: OptionSet, Sendable {
    let rawValue: UInt8
    /// The row is in the table now.
    static let live = SlotFlags(rawValue: 1)
    /// The row was in the table when it was last closed.
    static let closed = SlotFlags(rawValue: 2)
    /// It was written since then, and stands in the list of touched slots.
    static let touched = SlotFlags(rawValue: 4)
}
