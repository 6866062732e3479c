/// A squash that is made in slices, so that whoever has other things to do too is never held up by a large one.
///
/// `step` merges about as many bytes as it is told; only what has come out of that, rows of one mask at a time, is written
/// in one go, which is a copy. The patches are taken in rounds, what one comes to being the oldest of the next, so that the memory
/// is a few times the answer's size and not that of all patches together. The answer is that of `Patch.squash`, whatever the slices.
package final class Squashing {
    /// What a row counts for beside its values: removals take next to no bytes, but time.
    static let rowCost = 16
    /// Less than this is not worth a step.
    package static let leastStep = 4 << 10
    /// A round takes patches of so many bytes, or as many as what it begins with has, if that is more.
    static let roundBytes = 64 << 10

    private let aim: Squasher.Aim
    private var squasher: Squasher
    /// Those of the later rounds.
    private var rest: ArraySlice<[UInt8]>
    /// What all steps merged so far, as `step` counts it.
    package private(set) var mergedByteCount = 0

    /// Of `patches`, oldest first; with `droppingRemovals` the oldest is from nothing, and so is the answer.
    package init(_ patches: [[UInt8]], droppingRemovals: Bool = false) {
        aim = droppingRemovals ? .keyframe : .patch
        rest = patches[...]
        squasher = Squasher(Self.round(rest.popFirst(), &rest), aim: aim)
    }

    /// Goes on until about `byteLimit` bytes were read in or merged: at most one row of each patch more. Answers the squash
    /// once all is done; throws as `Patch.squash` does.
    package func step(byteLimit: Int) throws(WireError) -> [UInt8]? {
        var left = byteLimit
        defer { mergedByteCount += byteLimit - left }
        while true {
            guard let unused = try squasher.step(left) else {
                left = 0
                return nil
            }
            left = unused
            let result = squasher.result
            guard !rest.isEmpty else { return result }
            squasher = Squasher(Self.round(result, &rest), aim: aim)
        }
    }

    /// The patches of a round, the first of which is what was squashed so far.
    private static func round(_ first: [UInt8]?, _ rest: inout ArraySlice<[UInt8]>) -> [[UInt8]] {
        guard let first else { return [] }
        var patches = [first]
        var left = max(roundBytes, first.count)
        // At least one, so that each round leads on.
        while let next = rest.first, patches.count == 1 || next.count <= left {
            patches.append(next)
            left -= next.count
            rest.removeFirst()
        }
        return patches
    }
}
