import Core
import State

/// A mistake that is planted to see whether the checkers find it. Each stands for one that somebody could make in the product,
/// and comes to be by changing what passes between two cores.
package enum Defect: String, CaseIterable, Sendable {
    /// A tick's changes reach the first link only; the others are told the version without them.
    case baselineMovedInsideLoop = "baseline-moved-inside-loop"
    /// An input that comes again is taken again.
    case noDedupe = "no-dedupe"
    /// A client that comes back is caught up from the version after the one that it holds.
    case resumeOffByOne = "resume-off-by-one"
    /// A front takes a back whose epoch is over.
    case staleEpochAccepted = "stale-epoch-accepted"
    /// Inputs are acked when they arrive, before a tick has decided them.
    case ackBeforeTick = "ack-before-tick"
    /// Two patches become one, and what they removed stays.
    case squashForgetsRemoval = "squash-forgets-removal"
    /// A session's older attach takes it over from the newer one.
    case oldAttachWins = "old-attach-wins"
    /// An input of a grant that is over counts as one of the next.
    case inputOfOldGrant = "input-of-old-grant"
    /// A mark commits although a section before it is missing.
    case markOverGap = "mark-over-gap"

    /// What changes the bytes so.
    package func tap(seed: UInt64) -> any Tap {
        switch self {
        case .baselineMovedInsideLoop: BaselineMovedInsideLoop(seed: seed)
        case .noDedupe: NoDedupe(seed: seed)
        case .resumeOffByOne: ResumeOffByOne(seed: seed)
        case .staleEpochAccepted: StaleEpochAccepted(seed: seed)
        case .ackBeforeTick: AckBeforeTick(seed: seed)
        case .squashForgetsRemoval: SquashForgetsRemoval(seed: seed)
        case .oldAttachWins: OldAttachWins(seed: seed)
        case .inputOfOldGrant: InputOfOldGrant(seed: seed)
        case .markOverGap: MarkOverGap(seed: seed)
        }
    }
}
