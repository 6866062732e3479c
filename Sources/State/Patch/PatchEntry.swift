/// One row of a patch under way, as plain numbers: where its bytes are instead of the bytes.
///
/// What the loops over rows pass around. Offsets are into the memory that whoever made the entry also hands on.
struct PatchEntry: BitwiseCopyable {
    /// What `keyByteCount` is for an integer key.
    static let integerKey: Int32 = -1

    /// The integer key, or where the bytes of the key begin.
    var key: Int64 = 0
    var keyByteCount = Self.integerKey
    var audience: UInt32 = 0
    var table: UInt16 = 0
    var operation = PatchOperation.remove
    /// A bit for every field with a value; 0 for a remove.
    var mask: UInt64 = 0
    /// How many rows with consecutive keys it stands for; more than one only where rows have no values, so that a
    /// run of a million removes, a few bytes on the wire, is a few bytes here too.
    var rowCount: UInt32 = 1
    /// Where the values begin, and how many bytes they have. Small numbers, for there are many entries; a patch is far
    /// below them.
    var valuesStart: UInt32 = 0
    var valuesLength: UInt32 = 0
    /// What the row adds to its audience's hash, where that is kept.
    var delta = StateHash.empty

    @inline(__always) var values: Int {
        get { Int(valuesStart) }
        set { valuesStart = UInt32(truncatingIfNeeded: newValue) }
    }

    @inline(__always) var valuesByteCount: Int {
        get { Int(valuesLength) }
        set { valuesLength = UInt32(truncatingIfNeeded: newValue) }
    }

    @inline(__always) var keysAreBytes: Bool { keyByteCount >= 0 }
}
