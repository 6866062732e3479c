import Loop

/// Carries something of a loop's through other threads; only the loop's own touches what is inside.
struct Confined<T>: @unchecked Sendable {
    let value: T
    private let mailbox: Mailbox

    init(_ value: T, _ mailbox: Mailbox) {
        self.value = value
        self.mailbox = mailbox
    }

    /// Runs `body` with it on the loop's thread, and waits for the answer.
    func call<R: Sendable>(_ body: @escaping @Sendable (T) -> R) async -> R {
        await withCheckedContinuation { waiting in
            mailbox.post { waiting.resume(returning: body(value)) }
        }
    }
}
