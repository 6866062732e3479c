import State

/// A squash of what a history keeps, under way in slices.
struct HistoryWork {
    enum Aim {
        /// The keyframe, moved on.
        case keyframe
        /// From a base to the version at which the work began.
        case span(from: Version)
    }

    let aim: Aim
    let version: Version
    let tick: TickNumber
    let squashing: Squashing

    init(_ aim: Aim, to version: Version, _ tick: TickNumber, of patches: [[UInt8]]) {
        self.aim = aim
        self.version = version
        self.tick = tick
        let isKeyframe = if case .keyframe = aim { true } else { false }
        squashing = Squashing(patches, droppingRemovals: isKeyframe)
    }
}
