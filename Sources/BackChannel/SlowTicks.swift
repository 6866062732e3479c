import Core
import Loop

/// Ticks that took too long: counted each, and logged once a second, the slowest of each second with its channel.
struct SlowTicks {
    /// From here on a tick is worth a line: what a 20 Hz channel has for one.
    static let threshold: Duration = .milliseconds(50)

    private(set) var count: UInt64 = 0
    private var unlogged = 0
    private var slowest: (channel: String, took: Duration)?

    mutating func note(_ channel: String, _ took: Duration) {
        count += 1
        unlogged += 1
        if slowest.map({ took > $0.took }) ?? true { slowest = (channel, took) }
    }

    /// Says what there is to say.
    ///
    /// - Parameter channels: asked only when there is something, for what the slowest channel has to serve.
    mutating func write(to log: Log, _ channels: @autoclosure () -> [ChannelStatus]) {
        guard let slowest else { return }
        let status = channels().first { $0.id == slowest.channel }
        log.warning(
            "a slow tick",
            [
                "channel": slowest.channel, "milliseconds": "\(Int(slowest.took / .milliseconds(1)))",
                "ticks": "\(unlogged)", "sessions": "\(status?.sessionCount ?? 0)",
                "links": "\(status?.linkCount ?? 0)",
            ])
        self.slowest = nil
        unlogged = 0
    }
}
