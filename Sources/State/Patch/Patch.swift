/// The algebra of patches: what can be done to their bytes without their schema.
///
/// To a row, a patch is a function: *insert* answers its own values, *remove* answers nothing, *set* replaces some
/// fields of what is there. Composition of these is again one of these, so squash is associative, and because the
/// values are absolute, applying what is already applied changes nothing: **a patch applies to any version from its
/// base up to its own**. A set of a row that is not there has no meaning, and no stream of `State` holds one; it is an
/// error wherever it is seen.
package enum Patch {
    /// One patch that does what `patches` do, oldest first. With `droppingRemovals`, the oldest is from nothing (it holds
    /// inserts only) and so is the answer: a keyframe.
    ///
    /// One pass over all of them, no schema, memory bounded by the bytes given. Throws what a reader throws, and
    /// `invalid` for a set over a remove, for a table whose keys change their kind, and for a keyframe that was none.
    package static func squash(_ patches: [[UInt8]], droppingRemovals: Bool = false) throws(WireError) -> [UInt8] {
        var squasher = Squasher(patches, aim: droppingRemovals ? .keyframe : .patch)
        return try squasher.squash()
    }

    /// Of two.
    package static func squash(
        _ older: [UInt8], _ newer: [UInt8], droppingRemovals: Bool = false
    ) throws(WireError) -> [UInt8] {
        try squash([older, newer], droppingRemovals: droppingRemovals)
    }

    /// What patches of several audiences between the same two versions are to a reader that is in all of them and tells no
    /// audiences apart: a row that left one and came to another is the row that came.
    package static func union(_ patches: [[UInt8]]) throws(WireError) -> [UInt8] {
        var squasher = Squasher(patches, aim: .union)
        return try squasher.squash()
    }

    /// Reads a patch from end to end and throws if it is not well formed; answers how many rows it holds.
    @discardableResult
    package static func check(_ patch: [UInt8]) throws(WireError) -> Int {
        try patch.withBytes { (bytes) throws(WireError) -> Int in
            var reader = PatchReader(bytes)
            var rowCount = 0
            while try reader.next() != nil { rowCount += 1 }
            return rowCount
        }
    }
}

extension [UInt8] {
    /// The bytes in memory, with the error type kept.
    func withBytes<T, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> T) throws(E) -> T {
        try withUnsafeBufferPointer { (buffer) throws(E) -> T in try body(UnsafeRawBufferPointer(buffer)) }
    }
}
