import CHint
import CUV
import Glibc

/// What is sent.
extension Stream {
    /// How many parts one system call gathers; what is more goes into the next.
    private static let partLimit = 64

    /// Brings near what an offer to that stream looks at: while the kernel takes what another one is offered, for one.
    @inline(__always)
    package static func prefetch(_ stream: Unmanaged<Stream>) { chint_near(stream.toOpaque() + 32) }

    /// Bytes that wait here because the kernel's buffer is full.
    package var queuedByteCount: Int { queue.count }
    /// True while any wait; `streamDrained` says when none does any more.
    package var isBlocked: Bool { !queue.isEmpty }

    /// Offers the bytes of an array; see `offer(_:)` of parts.
    package func offer(_ bytes: [UInt8]) -> Offer {
        bytes.withUnsafeBytes { offer($0) }
    }

    /// Offers one run of bytes; see `offer(_:)` of parts. This is the path of a fan-out, so it asks the kernel with the
    /// simplest call there is and does nothing else while the kernel takes all.
    package func offer(_ bytes: UnsafeRawBufferPointer) -> Offer {
        guard isAtEase, bytes.count <= queueLimitBytes, let start = bytes.baseAddress else {
            return offer(parts: CollectionOfOne(bytes))
        }
        let sent = cuv_send_one(descriptor, start, bytes.count)
        if sent == bytes.count { return .sent }
        if sent < 0, sent != -Int(EAGAIN) {
            failWriting(sent)
            return writeFailure == nil ? queuedAnswer() : .queued
        }
        enqueue(CollectionOfOne(bytes), from: max(0, sent))
        return queuedAnswer()
    }

    /// Offers the parts of an array; see `offer(_:)` of parts.
    package func offer(_ parts: [UnsafeRawBufferPointer]) -> Offer {
        if parts.count == 1 { return offer(parts[0]) }
        return parts.withUnsafeBufferPointer { offer(parts: $0) }
    }

    /// Offers bytes to be sent behind all that was offered before. All of them are taken or none is.
    ///
    /// In the usual case one system call and no allocation: the kernel is asked first, and only what it does not take is
    /// copied. Failing to write is not this call's answer: `streamClosed` tells of it later.
    package func offer(_ parts: some Collection<UnsafeRawBufferPointer>) -> Offer { offer(parts: parts) }

    private func offer(parts: some Collection<UnsafeRawBufferPointer>) -> Offer {
        var byteCount = 0
        for part in parts { byteCount += part.count }
        guard isOpen, queue.count + byteCount <= queueLimitBytes else { return .refusedFull }
        var sentByteCount = 0
        if canWriteNow {
            sentByteCount = writeNow(parts, byteCount: byteCount)
            if sentByteCount == byteCount { return .sent }
            // It failed for good: accepted and lost, like whatever the kernel still had.
            if writeFailure != nil { return .queued }
        }
        enqueue(parts, from: sentByteCount)
        return queuedAnswer()
    }

    /// True when nothing waits that a new byte would overtake.
    var canWriteNow: Bool { isAtEase }

    /// What an offer answers once its rest is in the queue.
    func queuedAnswer() -> Offer {
        pollAsNeeded()
        return queue.count > highWatermarkBytes ? .queuedPauseNow : queue.isEmpty ? .sent : .queued
    }

    /// Writing failed: there is no one to write to. What had arrived before is still read, unless the owner paused.
    func failWriting(_ code: Int) {
        let failure = LoopError("write", code: Int32(code))
        queue.discard()
        switch phase {
        case .open where isReading:
            writeFailure = failure
            pollAsNeeded()
        case .finishing(let farewell), .lingering(let farewell): end(farewell.end)
        case .open, .connecting, .connectingToFinish, .closed: end(.failed(failure))
        }
    }

    /// The socket has room: writes from the queue, and says when it is empty.
    func writeQueued() {
        if let writeFailure { return end(.failed(writeFailure)) }
        let wasBlocked = isBlocked
        while !queue.isEmpty {
            let head = queue.head
            var part = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: head.bytes.baseAddress), iov_len: head.bytes.count)
            let sent = cuv_send(descriptor, &part, 1, head.descriptor)
            if sent == -Int(EAGAIN) { return }
            if sent < 0 { return failWriting(sent) }
            queue.removeFirst(sent)
            if sent < head.bytes.count { return }
        }
        switch phase {
        case .open where wasBlocked: owner?.streamDrained(self)
        case .finishing: shutWriting()
        case .open, .connecting, .connectingToFinish, .lingering, .closed: break
        }
    }

    /// Sends what the kernel takes at once. Answers how many bytes that was.
    private func writeNow(_ parts: some Collection<UnsafeRawBufferPointer>, byteCount: Int) -> Int {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: min(parts.count, Self.partLimit)) { gathered in
            var sentByteCount = 0
            var next = parts.startIndex
            while next != parts.endIndex {
                var count = 0
                var gatheredByteCount = 0
                while next != parts.endIndex, count < gathered.count {
                    let part = parts[next]
                    gathered[count] = iovec(
                        iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress), iov_len: part.count)
                    gatheredByteCount += part.count
                    count += 1
                    next = parts.index(after: next)
                }
                guard gatheredByteCount > 0 else { continue }
                let sent = cuv_send(descriptor, gathered.baseAddress, count, -1)
                if sent == -Int(EAGAIN) { break }
                guard sent >= 0 else {
                    failWriting(sent)
                    break
                }
                sentByteCount += sent
                if sent < gatheredByteCount { break }
            }
            return sentByteCount
        }
    }

    /// Copies the parts into the queue, without their first `skipped` bytes.
    private func enqueue(_ parts: some Collection<UnsafeRawBufferPointer>, from skipped: Int) {
        var skipped = skipped
        for part in parts {
            let here = min(skipped, part.count)
            skipped -= here
            queue.append(UnsafeRawBufferPointer(rebasing: part[here...]))
        }
    }
}
