import CUV
import Glibc

/// A lifeline: holds the reading end of a pipe or socket whose other end a process keeps open for as long as it lives, and
/// says when that end is gone. What is written there is read and thrown away.
package final class DescriptorWatcher: HandleOwner {
    private let loop: EventLoop
    private let memory = HandleMemory<uv_poll_t>()
    /// The reading end, or -1 once closed.
    private var descriptor: Int32
    private var onEnd: () -> Void

    /// Takes over the reading end, which is closed by `close`, at its end, or when this throws.
    ///
    /// - Parameter onEnd: called once, when nobody holds the other end any more; not after `close`.
    package init(_ descriptor: Int32, on loop: EventLoop, onEnd: @escaping () -> Void) throws(LoopError) {
        self.loop = loop
        self.descriptor = descriptor
        self.onEnd = onEnd
        let answer = uv_poll_init(loop.raw, memory.raw, descriptor)
        guard answer == 0 else {
            Glibc.close(descriptor)
            memory.discard()
            throw LoopError("lifeline", code: answer)
        }
        memory.adopt(self)
        uv_poll_start(memory.raw, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            owner(handle?.pointee.data, as: DescriptorWatcher.self)?.readable()
        }
    }

    /// Looks away and closes the descriptor.
    package func close() {
        guard descriptor >= 0 else { return }
        memory.close()
        Glibc.close(descriptor)
        descriptor = -1
        onEnd = {}
    }

    func closeWithLoop() { close() }

    private func readable() {
        loop.noteCallback()
        guard descriptor >= 0 else { return }
        let count = read(descriptor, loop.readBuffer.baseAddress, loop.readBuffer.count)
        guard count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) else { return }
        let told = onEnd
        close()
        told()
    }
}
