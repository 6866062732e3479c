import Loop

/// The thread that all clients of the async face share, with its loop.
final class ClientThread: Sendable {
    let mailbox: Mailbox
    let group: OnLoop<ClientGroup>

    /// Made when the first client connects; it lives as long as the process.
    static let shared = Result { () throws(LoopError) in try ClientThread() }.mapError { ClientError("\($0)") }

    private init() throws(LoopError) {
        let loop = try EventLoop()
        mailbox = loop.mailbox
        group = OnLoop(ClientGroup(on: loop))
        let confined = OnLoop(loop)
        _ = try LoopThread { confined.value.run() }
    }
}

/// Carries something of a loop's through other threads; only the loop's own touches what is inside.
struct OnLoop<T>: @unchecked Sendable {
    let value: T
    init(_ value: T) { self.value = value }

    /// Runs `body` with it on the loop's thread, and waits for the answer.
    func call<R: Sendable>(_ mailbox: Mailbox, _ body: @escaping @Sendable (T) -> R) async -> R {
        await withCheckedContinuation { waiting in
            mailbox.post { waiting.resume(returning: body(value)) }
        }
    }
}
