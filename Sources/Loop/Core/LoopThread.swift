import CUV

/// A thread of the process, for a loop to live on. Whoever starts it joins it.
package struct LoopThread: ~Copyable, Sendable {
    private let thread: uv_thread_t

    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a thread that runs the body, which usually makes an `EventLoop`, hands its mailbox out, and calls `run`.
    package init(_ body: @escaping @Sendable () -> Void) throws(LoopError) {
        var thread = uv_thread_t()
        let start = Unmanaged.passRetained(Start(body))
        let answer = uv_thread_create(
            &thread,
            { data in
                guard let data else { return }
                Unmanaged<Start>.fromOpaque(data).takeRetainedValue().body()
            }, start.toOpaque())
        guard answer == 0 else {
            start.release()
            throw LoopError("thread", code: answer)
        }
        self.thread = thread
    }

    /// Waits until the body has returned.
    package consuming func join() {
        var thread = thread
        uv_thread_join(&thread)
    }
}
