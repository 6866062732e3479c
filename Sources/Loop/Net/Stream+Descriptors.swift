import CUV
import Glibc

/// Descriptors that travel over UNIX streams, and who is at the other end.
extension Stream {
    /// Offers bytes, at least one, and with the first of them a descriptor of which the peer gets its own copy.
    ///
    /// The caller's descriptor stays the caller's and may be closed at once. Refused on TCP, and when a copy is needed and
    /// the process has no descriptor left.
    package func offer(_ bytes: [UInt8], passing descriptor: Int32) -> Offer {
        guard isOpen, peer?.isUNIX == true, !bytes.isEmpty, queue.count + bytes.count <= queueLimitBytes
        else { return .refusedFull }
        return bytes.withUnsafeBytes { bytes in
            var sentByteCount = 0
            if canWriteNow {
                var part = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
                let sent = cuv_send(self.descriptor, &part, 1, descriptor)
                if sent < 0, sent != -Int(EAGAIN) {
                    // Not the stream's fault: the number is no descriptor, or too many are on their way already.
                    if sent == -Int(EBADF) || sent == -Int(ETOOMANYREFS) { return .refusedFull }
                    failWriting(sent)
                    return .queued
                }
                sentByteCount = max(0, sent)
            }
            if sentByteCount == bytes.count { return .sent }
            if sentByteCount == 0 {
                guard let copy = try? Descriptors.duplicate(descriptor) else { return .refusedFull }
                queue.passWithNextByte(copy)
            }
            queue.append(UnsafeRawBufferPointer(rebasing: bytes[sentByteCount...]))
            return queuedAnswer()
        }
    }

    /// The oldest received descriptor that was not taken yet, now the caller's to close; nil if none waits. Descriptors are
    /// there before `streamRead` delivers the bytes they came with. What is never taken is closed after `streamClosed`.
    package func takeDescriptor() -> Int32? {
        receivedDescriptors.isEmpty ? nil : receivedDescriptors.removeFirst()
    }

    /// One receive that also takes descriptors: a count, 0 at the peer's end, or a negated errno.
    func receivePassed(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let limit = Int(CUV_DESCRIPTORS_A_MESSAGE)
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: limit) { passed in
            var count: Int32 = 0
            var truncated: Int32 = 0
            let received = cuv_receive_passed(
                descriptor, buffer.baseAddress, buffer.count, passed.baseAddress, &count, &truncated)
            for one in passed[..<Int(count)] { keep(one) }
            if truncated != 0 || receivedDescriptors.count > descriptorLimit { return -Int(ENOBUFS) }
            return received
        }
    }

    private func keep(_ received: Int32) {
        switch phase {
        case .open: receivedDescriptors.append(received)
        case .connecting, .connectingToFinish, .finishing, .lingering, .closed: Glibc.close(received)
        }
    }
}

/// Who made the other end of a UNIX stream, as the kernel saw it then; nil on TCP and once closed.
package func peerCredentials(of stream: Stream) -> (pid: Int32, uid: UInt32, gid: UInt32)? {
    guard stream.descriptor >= 0, stream.peer?.isUNIX == true else { return nil }
    var who: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
    return cuv_peer_credentials(stream.descriptor, &who.pid, &who.uid, &who.gid) == 0 ? who : nil
}
