/// What `GET /status.json` answers and `hub status` prints. 64-bit numbers that may exceed 2⁵³ are decimal strings.
package struct HubStatus: Sendable, Equatable, Codable {
    package struct Hub: Sendable, Equatable, Codable {
        package var pid: Int32
        package var version: String
        package var listen: [String]
        package var uptimeSeconds: Double
        package var term: UInt32

        package init(pid: Int32, version: String, listen: [String], uptimeSeconds: Double, term: UInt32) {
            self.pid = pid
            self.version = version
            self.listen = listen
            self.uptimeSeconds = uptimeSeconds
            self.term = term
        }
    }

    package struct Process: Sendable, Equatable, Codable {
        package var role: String
        package var name: String
        /// 0 while there is none.
        package var pid: Int32
        package var state: String
        package var sessions: Int
        /// Empty for fronts.
        package var epoch: String
        package var restarts: Int
        package var crashLoops: Int
        package var uptimeSeconds: Double
        package var address: String?
        package var families: [String]?
        /// Why it failed, or ended last.
        package var reason: String?
        /// How its last drain ended; missing if it never was drained, or is being drained.
        package var drained: Drained?
    }

    /// How the drain of a front ended.
    package struct Drained: Sendable, Equatable, Codable {
        /// Sessions that were told to go elsewhere.
        package var moved: Int
        /// Those of them whose connection had to be cut at the deadline.
        package var cutOff: Int
        /// It ended by itself, not because it had to be ended or died.
        package var isComplete: Bool

        package init(moved: Int, cutOff: Int, isComplete: Bool) {
            self.moved = moved
            self.cutOff = cutOff
            self.isComplete = isComplete
        }
    }

    package var hub: Hub
    package var processes: [Process]
    package var channels: [ProcessReport.Channel]
    /// Sessions over all fronts.
    package var clientCount: Int
    /// Some of them: at most `HubLimits.clientsListed` of each front.
    package var clients: [ProcessReport.Client]
    /// The queue of page jobs; nil if no kind is declared.
    package var jobs: JobSummary?
}
