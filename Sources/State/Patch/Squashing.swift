/// A squash that is made in slices, so that whoever has other things to do too is never held up by a large one.
///
/// `step` merges about as many bytes as it is told; only what has come out of that, rows of one mask at a time, is written
/// in one go, which is a copy. The answer is that of `Patch.squash`, whatever the slices and the rounds.
package final class Squashing {
    /// What a row counts for beside its values: removals take next to no bytes, but time.
    static let rowCost = 16
    /// Less than this is not worth a step.
    package static let leastStep = 4 << 10

    private var squasher: Squasher
    /// What all steps merged so far, as `step` counts it.
    package private(set) var mergedByteCount = 0

    /// Of `patches`, oldest first; with `droppingRemovals` the oldest is from nothing, and so is the answer.
    package init(_ patches: [[UInt8]], droppingRemovals: Bool = false, rounds: SquashRounds = SquashRounds()) {
        squasher = Squasher(patches, aim: droppingRemovals ? .keyframe : .patch, rounds: rounds)
    }

    /// Goes on until about `byteLimit` bytes were read in or merged: at most one row of each patch more. Answers the squash
    /// once all is done; throws as `Patch.squash` does.
    package func step(byteLimit: Int) throws(WireError) -> [UInt8]? {
        let left = try squasher.step(byteLimit)
        mergedByteCount += byteLimit - (left ?? 0)
        return left == nil ? nil : squasher.result
    }
}
