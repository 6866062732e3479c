import State

/// How much a client has said beside its inputs in the second at hand. Inputs have their window; messages have this.
struct SpeechRate {
    private var second: UInt32 = 0
    private var messageCount: Int32 = 0
    private var byteCount: Int32 = 0

    /// Whether one more message goes through now; it counts if it does.
    mutating func admits(_ bytes: Int, now: Instant) -> Bool {
        let second = UInt32(truncatingIfNeeded: now.nanoseconds / 1_000_000_000)
        if second != self.second { self = SpeechRate(second: second) }
        guard messageCount < Limits.messagesPerSessionAndSecond,
            Int(byteCount) + bytes <= Limits.messageBytesPerSessionAndSecond
        else { return false }
        messageCount += 1
        byteCount += Int32(bytes)
        return true
    }

    init() {}
    private init(second: UInt32) { self.second = second }
}
