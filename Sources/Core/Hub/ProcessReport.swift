/// What a process tells the hub each second: frame `63`, as JSON. What is missing counts as empty.
///
/// Keys of the figures are metric names without the `switchback_` prefix, with labels if they have any:
/// `frames_refused_total{reason="too big"}`.
package struct ProcessReport: Sendable, Equatable, Codable {
    /// Counters of a front that is drained: sessions that it told to go elsewhere, and those cut off at the deadline.
    package static let movedSessions = "sessions_moved_total"
    package static let cutOffSessions = "sessions_cut_off_total"

    package struct Histogram: Sendable, Equatable, Codable {
        /// Upper bounds, ascending.
        package var bounds: [Double]
        /// How many fell into each bucket, not cumulative; one more than `bounds`, the last for what is above them all.
        package var counts: [UInt64]
        package var sum: Double

        package init(bounds: [Double], counts: [UInt64], sum: Double) {
            self.bounds = bounds
            self.counts = counts
            self.sum = sum
        }
    }

    package struct Channel: Sendable, Equatable, Codable {
        package var id: String
        package var back: String?
        package var tick: UInt64?
        package var version: UInt64?
        package var links: Int?
        package var sessions: Int?
        package var epoch: String?
        package var lineage: String?

        package init(
            id: String, back: String? = nil, tick: UInt64? = nil, version: UInt64? = nil, links: Int? = nil,
            sessions: Int? = nil, epoch: String? = nil, lineage: String? = nil
        ) {
            self.id = id
            self.back = back
            self.tick = tick
            self.version = version
            self.links = links
            self.sessions = sessions
            self.epoch = epoch
            self.lineage = lineage
        }
    }

    package struct Client: Sendable, Equatable, Codable {
        package var session: String
        package var peer: String?
        package var channels: [String]?
        /// Filled in by the hub.
        package var front: String?

        package init(session: String, peer: String? = nil, channels: [String]? = nil) {
            self.session = session
            self.peer = peer
            self.channels = channels
        }
    }

    package var gauges: [String: Double]?
    package var counters: [String: Double]?
    package var histograms: [String: Histogram]?
    package var channels: [Channel]?
    package var sessions: Int?
    package var clients: [Client]?

    package init(
        gauges: [String: Double] = [:], counters: [String: Double] = [:], histograms: [String: Histogram] = [:],
        channels: [Channel] = [], sessions: Int = 0, clients: [Client] = []
    ) {
        self.gauges = gauges
        self.counters = counters
        self.histograms = histograms
        self.channels = channels
        self.sessions = sessions
        self.clients = clients
    }
}
