/// Whoever uses simulated streams. The same calls in the same order as the loop's: `Tests/LoopTests/Conformance` holds both
/// to the same rules.
package protocol SimulatedStreamOwner: AnyObject {
    /// An outgoing connection stands.
    func streamOpened(_ stream: SimulatedStream)
    /// Bytes arrived, at least one. The array is the owner's to change.
    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8])
    /// The kernel has taken the last byte that offers had queued.
    func streamDrained(_ stream: SimulatedStream)
    /// The last call for this stream, made exactly once, never from inside one of the stream's own methods.
    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd)
}

/// Why a stream is over.
package enum SimulatedEnd: Hashable, Sendable {
    /// The peer closed its side, and all it had sent was read.
    case ended
    /// Nobody listens there.
    case refused
    /// The peer is gone without a goodbye.
    case reset
    /// `close`, `closeAfterWriting`, or the end of the network.
    case closedByUs
}

/// The answer to an offer. All or nothing was taken.
package enum SimulatedOffer: Hashable, Sendable {
    case sent, queued, queuedPauseNow, refusedFull
}
