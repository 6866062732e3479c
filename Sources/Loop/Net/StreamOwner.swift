/// Whoever uses streams. A stream keeps its owner alive until `streamClosed` has returned.
///
/// From inside any of these, every method of every stream may be called; none of them calls back before it returns.
package protocol StreamOwner: AnyObject {
    /// An outgoing connection stands. Never called for accepted ones, which stand from the start.
    func streamOpened(_ stream: Stream)
    /// Bytes arrived, in order, at least one; they are valid for this call only.
    func streamRead(_ stream: Stream, _ bytes: UnsafeRawBufferPointer)
    /// The kernel has taken the last byte that offers had queued. Not called for what it took at once.
    func streamDrained(_ stream: Stream)
    /// The last call for this stream, made exactly once, never from inside one of the stream's own methods.
    func streamClosed(_ stream: Stream, _ end: StreamEnd)
}

/// Why a stream is over.
package enum StreamEnd: Hashable, Sendable {
    /// The peer closed its side, and all it had sent was read.
    case ended
    /// Connecting, reading or writing failed; what was queued is lost.
    case failed(LoopError)
    /// `close`, `closeAfterWriting`, or the end of the loop.
    case closedByUs
}

/// The answer to an offer. All or nothing was taken.
package enum Offer: Hashable, Sendable {
    /// The kernel has all of it.
    case sent
    /// Some of it waits in the stream's queue.
    case queued
    /// As `queued`, and the queue is above its high-water mark: stop what fills it until `streamDrained`.
    case queuedPauseNow
    /// Nothing was taken: the queue has no room for it, or the stream is closing or closed.
    case refusedFull
}
