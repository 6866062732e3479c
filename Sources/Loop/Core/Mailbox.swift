import CUV
import Synchronization

/// Where any thread leaves closures for a loop's thread. They run in the order of posting, in batches, one wake-up a batch.
package final class Mailbox: Sendable {
    private struct Contents {
        var bodies: [@Sendable () -> Void] = []
        /// The loop's wake-up handle; nil before the loop is made and after it ended.
        var wake: UnsafeMutablePointer<uv_async_t>?
    }

    private let contents = Mutex(Contents())
    /// How many batches the loop's end still takes, in case each posts another; what comes later is dropped.
    private static let lastBatchLimit = 64

    init() {}

    /// Leaves a body to be run on the loop's thread, in a later turn. From any thread, the loop's own included.
    ///
    /// - Returns: false when the loop has ended: the body will not run. True means it will.
    @discardableResult
    package func post(_ body: @escaping @Sendable () -> Void) -> Bool {
        contents.withLock { contents in
            guard let wake = contents.wake else { return false }
            contents.bodies.append(body)
            // Inside the lock, so that the handle cannot be closed meanwhile.
            if contents.bodies.count == 1 { uv_async_send(wake) }
            return true
        }
    }

    func open(_ wake: UnsafeMutablePointer<uv_async_t>) {
        // The pointer goes in as an integer: what the lock guards is who may still signal it.
        let address = UInt(bitPattern: wake)
        contents.withLock { $0.wake = UnsafeMutablePointer(bitPattern: address) }
    }

    /// Runs what is here now. What these bodies post runs in the next batch.
    func runBatch() {
        for body in take() { body() }
    }

    /// Runs what was accepted, then accepts nothing more.
    func close() {
        for _ in 0..<Self.lastBatchLimit {
            let bodies = contents.withLock { contents in
                if contents.bodies.isEmpty { contents.wake = nil }
                defer { contents.bodies = [] }
                return contents.bodies
            }
            if bodies.isEmpty { return }
            for body in bodies { body() }
        }
        contents.withLock { contents in
            contents.wake = nil
            contents.bodies = []
        }
    }

    private func take() -> [@Sendable () -> Void] {
        contents.withLock { contents in
            defer { contents.bodies = [] }
            return contents.bodies
        }
    }
}
