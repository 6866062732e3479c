import Loop

/// Runs a body that owns an event loop on a thread of its own, and answers its exit code.
func onLoopThread(_ body: @escaping @Sendable () -> Int32) async -> Int32 {
    await withCheckedContinuation { continuation in
        do {
            _ = try LoopThread { continuation.resume(returning: body()) }
        } catch {
            continuation.resume(returning: BenchCommand.complain("no thread for the loop: \(error)", 1))
        }
    }
}
