/// A mistake that the simulation plants, to see that its checker finds it. Nothing else sets one.
package enum JobDefect: String, Sendable, CaseIterable {
    /// A key counts as free as soon as its job is given out, so it may be built twice at once.
    case flagClearedAtDispatch
    /// A result is taken whatever its token.
    case lateResultTaken
    /// What a broader job took in is gone when that dies.
    case absorbedLostWithAbsorber
}
