import State

/// How much a client has said beside its inputs in the second at hand. Inputs have their window; messages have this.
struct SpeechRate {
    private var second: UInt64 = 0
    private var messageCount = 0
    private var byteCount = 0

    /// Whether one more message goes through now; it counts if it does.
    mutating func admits(_ bytes: Int, now: Instant) -> Bool {
        let second = now.nanoseconds / 1_000_000_000
        if second != self.second { self = SpeechRate(second: second) }
        guard messageCount < Limits.messagesPerSessionAndSecond,
            byteCount + bytes <= Limits.messageBytesPerSessionAndSecond
        else { return false }
        messageCount += 1
        byteCount += bytes
        return true
    }

    init() {}
    private init(second: UInt64) { self.second = second }
}
