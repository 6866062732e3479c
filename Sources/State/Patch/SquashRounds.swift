/// How much a squash takes at once.
///
/// What a round comes to is the oldest patch of the next. Large rounds take more memory, small ones take that along more often.
package struct SquashRounds: Sendable {
    /// A round has so many bytes of patches at least,
    package var byteCount: Int
    /// and so many times those of the patch that it begins with.
    package var share: Int

    /// As a front wants it: what is taken along is a small part of each round, and a large answer is made in one.
    package init(byteCount: Int = 64 << 10, share: Int = 8) {
        self.byteCount = byteCount
        self.share = share
    }
}
