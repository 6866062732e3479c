import Core

/// G8: what queues up stays within its limit.
final class LimitChecker {
    private unowned let world: World
    private(set) var longestTrunkQueue = 0
    private(set) var longestClientQueue = 0
    private(set) var largestInbox = 0

    init(_ world: World) { self.world = world }

    func look(at back: SimulatedBack) {
        for stream in back.trunkStreams {
            longestTrunkQueue = max(longestTrunkQueue, stream.queuedByteCount)
            if stream.queuedByteCount > Limits.trunkBacklogBytes {
                world.fail(.g8, "\(back.name) holds \(stream.queuedByteCount) bytes for a front that does not read")
            }
        }
    }

    /// After a tick: what waits in the channel's inbox came under credit.
    func look(atInbox byteCount: Int, linkCount: Int, of channel: String) {
        largestInbox = max(largestInbox, byteCount)
        if byteCount > max(Limits.inboxBytes, linkCount * Limits.linkCreditBytes) {
            world.fail(.g8, "\(channel) holds \(byteCount) bytes in its inbox")
        }
    }

    func look(atWaiting byteCount: Int, of front: String) {
        longestClientQueue = max(longestClientQueue, byteCount)
        // One squashed patch a channel, the messages and the answers; a state of a simulated channel is far smaller.
        if byteCount > 4 << 20 { world.fail(.g8, "\(front) holds \(byteCount) bytes for one client") }
    }
}
