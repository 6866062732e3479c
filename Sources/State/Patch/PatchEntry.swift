/// One row of a patch under way, as plain numbers: where its bytes are instead of the bytes.
///
/// What the loops over rows pass around. Offsets are into the memory that whoever made the entry also hands on.
struct PatchEntry: BitwiseCopyable {
    /// What `keyByteCount` is for an integer key.
    static let integerKey: Int32 = -1

    /// The integer key, or where the bytes of the key begin.
    var key: Int64 = 0
    var keyByteCount = Self.integerKey
    var table: UInt16 = 0
    var operation = PatchOperation.remove
    var audience: UInt32 = 0
    /// A bit for every field with a value; 0 for a remove.
    var mask: UInt64 = 0
    /// How many rows with consecutive keys it stands for; more than one only where rows have no values, so that a
    /// run of a million removes, a few bytes on the wire, is a few bytes here too.
    var rowCount = 1
    /// Where the values begin.
    var values = 0
    var valuesByteCount = 0
    /// What the row adds to its audience's hash, where that is kept.
    var delta = StateHash.empty

    @inline(__always) var keysAreBytes: Bool { keyByteCount >= 0 }
}
