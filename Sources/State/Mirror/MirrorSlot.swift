/// One row at a mirror: where its bytes are, and to whom it belongs.
struct MirrorSlot: Sendable, BitwiseCopyable {
    enum Standing: UInt8, Sendable, BitwiseCopyable {
        case free
        /// Seen.
        case held
        /// It came in the commit under way.
        case came
        /// The commit under way took it from its audience; it is there until the end, for another may have got it.
        case gone
    }

    var standing = Standing.free
    var kind = KeyKind.integer
    var table: UInt16 = 0
    var audience: UInt32 = 0
    /// The integer key, or where the bytes of the key begin.
    var key: Int64 = 0
    var keyByteCount = PatchEntry.integerKey
    /// How many bytes the values may have where they are.
    var room: Int32 = 0
    /// Where the values begin.
    var values = 0
    var valuesByteCount = 0
    /// What its key gives to its hash.
    var keyHash = StateHash.empty
    var rowHash = StateHash.empty
}

/// A row of a section that was checked and found its place, and waits for its mark.
struct StagedRow: Sendable, BitwiseCopyable {
    /// In place of a slot, for a row that is not held.
    static let noSlot: Int32 = -1

    let operation: PatchOperation
    let table: UInt16
    let slot: Int32
    let mask: UInt64
    /// As in a `PatchEntry`; offsets are into the section's patch.
    let key: Int64
    let keyByteCount: Int32
    let values: Int
    let valuesByteCount: Int
    let keyHash: StateHash
}
