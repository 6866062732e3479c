/// The hub's times and counts, each with what it costs.
package struct HubLimits: Sendable, Equatable {
    /// The wait before the first restart; it doubles up to `backoffLimit`.
    package var backoffFirst: Duration = .milliseconds(50)
    package var backoffLimit: Duration = .seconds(5)
    /// A process that was up this long begins its waits anew.
    package var steadyAfter: Duration = .seconds(10)
    /// So many deaths in a row, none after a steady stay, are a crash loop: shown as failed, still tried.
    package var crashLoopLength = 5
    /// How long a started process may take to announce itself. A hung one costs its place for so long.
    package var startLimit: Duration = .seconds(30)
    /// How long a process of an earlier hub may take to come back before it is ended and replaced. Longer than any
    /// process's reconnect wait, so that a hub that was away for long does not throw out healthy fronts.
    package var adoptionLimit: Duration = .seconds(10)
    /// From the request to stop to SIGTERM, and from there to SIGKILL.
    package var stopGrace: Duration = .seconds(5)
    package var terminateGrace: Duration = .seconds(2)
    /// Processes that one hub supervises, a few hundred bytes each and a report each second.
    package static let processCount = 256
    /// Clients listed by one process's report and by the status page.
    package static let clientsListed = 100
    /// What the limit of a client's WebSocket message may be raised to; a front may have to hold it for each client.
    package static let messageLimitBytes = 64 << 20
    /// A configuration file.
    package static let configurationBytes = 1 << 20

    package init() {}
}
