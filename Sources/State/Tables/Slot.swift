/// What a slot of a table holds, beside the key and the row: plain numbers.
struct Slot: BitwiseCopyable {
    /// What is the case about a slot.
    struct Flags: OptionSet, BitwiseCopyable {
        let rawValue: UInt8
        /// The row is in the table now.
        static let live = Flags(rawValue: 1)
        /// The row was in the table when it was last closed.
        static let closed = Flags(rawValue: 2)
        /// It was written since then, and stands in the list of touched slots.
        static let touched = Flags(rawValue: 4)
        /// It was live when the replacement of the whole table that is under way began.
        static let replaced = Flags(rawValue: 8)
    }

    var flags: Flags = []
    /// Who may see the live row.
    var audience = Audience.everyone.number
    /// Whom the closed row was last sent to.
    var closedAudience = Audience.everyone.number
    /// What its key gives to its hash.
    var keyHash = StateHash.empty
    /// The hash of the closed row; empty for one that nobody sees.
    var rowHash = StateHash.empty
}
