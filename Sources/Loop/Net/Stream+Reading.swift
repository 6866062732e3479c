import CHint
import CUV
import Glibc

/// What arrives.
extension Stream {
    /// How many full buffers one turn reads from one stream, so that a fast peer does not starve the others.
    private static let fullReadLimit = 4
    /// What a stream that is read sparingly gives in one turn.
    private static let sparingByteCount = 4096

    /// Nothing is delivered until `resumeReading`, nothing is lost, and the peer's end is not noticed meanwhile.
    package func pauseReading() {
        isReading = false
        pollAsNeeded()
    }

    /// Delivers again, from a later callback on.
    ///
    /// Sparingly: 4 KiB a turn until the kernel holds nothing more. Many who were not read for a while have much to say each; so
    /// they take turns, and none fills what all of them share.
    package func resumeReading(sparingly: Bool = false) {
        isReading = true
        isSparing = sparingly
        pollAsNeeded()
    }

    /// When the reads began of which this stream's is one: in `streamRead` the time, without asking for it again. Some ten
    /// microseconds old, or as much more as owners took for the reads before.
    package var readBeganNanoseconds: UInt64 { loop.readBeganNanoseconds }

    /// Brings near what the owner will look at.
    @inline(__always)
    func prefetchOwned() {
        guard let ownedMemory else { return }
        chint_near(ownedMemory)
        chint_near(ownedMemory + 64)
    }

    /// How far to read: a live stream for one turn's share; one whose connection is broken until the kernel holds nothing
    /// more, for what arrived before the break comes before its end.
    enum ReadDepth { case oneTurn, toItsEnd }

    /// Reads what the kernel holds and hands it out, for as long as the owner wants it.
    func readAvailable(_ depth: ReadDepth) {
        var fullReadCount = 0
        while wantsToRead, fullReadCount < Self.fullReadLimit {
            let room = isSparing ? min(Self.sparingByteCount, loop.readBuffer.count) : loop.readBuffer.count
            let count = receive(room)
            if count <= 0 { return readEnded(count, depth) }
            if isAtEase || isInUse {
                owner?.streamRead(self, UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count]))
            }
            switch depth {
            case .toItsEnd: break
            // Less than there was room for: the kernel holds nothing more, and asking again would be a wasted call.
            case .oneTurn where count < room:
                isSparing = false
                return
            case .oneTurn where isSparing: return
            case .oneTurn: fullReadCount += 1
            }
        }
    }

    private var isInUse: Bool {
        if case .open = phase { true } else { false }
    }

    private var wantsToRead: Bool {
        if isAtEase { return isReading }
        return switch phase {
        case .open: isReading
        case .finishing(let farewell), .lingering(let farewell): !farewell.peerHasEnded
        case .connecting, .connectingToFinish, .closed: false
        }
    }

    /// One receive of at most `room` bytes into the loop's buffer: a count, 0 at the peer's end, or a negated errno.
    private func receive(_ room: Int) -> Int {
        let buffer = loop.readBuffer
        guard isUNIX else { return cuv_receive(descriptor, buffer.baseAddress, room) }
        return receivePassed(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]))
    }

    private func readEnded(_ answer: Int, _ depth: ReadDepth) {
        if answer == -Int(EAGAIN) {
            if depth == .toItsEnd { endIfBroken() }
            return
        }
        switch phase {
        case .open where answer == 0 && writeFailure == nil:
            // What was offered before the peer's end is still written: a peer may half-close and wait for its answer.
            let farewell = Farewell(end: .ended, peerHasEnded: true)
            if queue.isEmpty { end(.ended) } else { finish(farewell) }
        case .open:
            end(.failed(writeFailure ?? LoopError("read", code: Int32(answer))))
        case .finishing(var farewell) where answer == 0:
            farewell.peerHasEnded = true
            phase = .finishing(farewell)
        case .finishing(let farewell), .lingering(let farewell):
            end(farewell.end)
        case .connecting, .connectingToFinish, .closed: break
        }
    }

    /// All that had arrived is read; now the break itself.
    private func endIfBroken() {
        if let writeFailure { return end(.failed(writeFailure)) }
        let code = Descriptors.takeError(descriptor)
        if code != 0 { end(.failed(LoopError("read", code: code))) }
    }
}
