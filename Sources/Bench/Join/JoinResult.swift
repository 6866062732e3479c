/// What `bench links` measured. Field names are the JSON's.
package struct JoinResult: Codable, Equatable, BenchResult {
    /// All clients once: joining, or resuming.
    package struct Round: Codable, Equatable {
        package var count: UInt64 = 0
        package var seconds = 0.0
        /// Milliseconds from when a join was meant to begin until the client was whole.
        package var latency: FanOutResult.Latency?
        package var distribution: [LatencyPlace] = []
        package var bytesPerClient = 0.0
        /// Marks that did not join on to what the client held.
        package var gaps: UInt64 = 0
        /// Bytes of whole states that the back sent the front meanwhile, and all bytes that it sent.
        package var stateBytesFromBack = 0.0
        package var trunkBytes = 0.0
        /// Turns of the front's loop that took longer than 4.096 ms and 8.192 ms, of all.
        package var turnsAbove4 = UInt64(0)
        package var turnsAbove8 = UInt64(0)
        package var turns = UInt64(0)
        /// Of one core.
        package var frontShare = 0.0
        package var generatorShares: [Double] = []

        init() {}

        init(
            _ tally: DeliveryTally, _ before: FrontFigures, _ after: FrontFigures, seconds: Double, frontShare: Double,
            generatorShares: some Sequence<Double>
        ) {
            func grown(_ name: String) -> Double { (after.counters?[name] ?? 0) - (before.counters?[name] ?? 0) }
            func turns(_ bound: Double) -> UInt64 { after.turns(above: bound) &- before.turns(above: bound) }
            count = tally.deliveries
            self.seconds = seconds
            latency = FanOutResult.Latency(tally.latency)
            distribution = tally.latency.curve
            bytesPerClient = Double(tally.byteCount) / Double(max(1, count))
            gaps = tally.gaps
            stateBytesFromBack = grown("state_bytes_total")
            trunkBytes = grown("trunk_bytes_total")
            (turnsAbove4, turnsAbove8, self.turns) = (turns(0.004_096), turns(0.008_192), turns(0))
            self.frontShare = frontShare
            self.generatorShares = Array(generatorShares)
        }
    }

    package let clients: Int
    package let stateBytes: Int
    package let hz: Double
    package let rate: Double
    package var join = Round()
    package var resume = Round()
    /// Of the front's loop, since it began.
    package var longestTurnMilliseconds = 0.0

    init(clients: Int, stateBytes: Int, hz: Double, rate: Double) {
        self.clients = clients
        self.stateBytes = stateBytes
        self.hz = hz
        self.rate = rate
    }

    /// Everyone came in and came back; each got the whole state once, and the front got it once for all of them.
    package var isComplete: Bool {
        join.count == UInt64(clients) && resume.count == UInt64(clients) && join.gaps + resume.gaps == 0
            && join.bytesPerClient >= Double(stateBytes) && resume.bytesPerClient < Double(stateBytes) / 2
            && join.stateBytesFromBack < 2 * Double(stateBytes) + 65536 && resume.stateBytesFromBack == 0
    }

    package var plots: [Plot] {
        [.latency([("join", join.distribution), ("resume", resume.distribution)], "Joining and resuming")]
    }

    package var table: String {
        func bytes(_ value: Double) -> String { FigureText.grouped(UInt64(max(0, value))) }
        func rows(_ round: Round, _ name: String) -> [(String, String)] {
            let busiest = round.generatorShares.max() ?? 0
            return [
                (
                    "\(name), ms",
                    (round.latency?.text ?? "–") + "; \(round.count) in \(FigureText.fixed(round.seconds, 1)) s"
                ),
                ("  bytes a client", bytes(round.bytesPerClient)),
                (
                    "  whole states from the back",
                    "\(bytes(round.stateBytesFromBack)) bytes of \(bytes(round.trunkBytes))"
                ),
                (
                    "  the front's turns",
                    "\(round.turnsAbove4) above 4.1 ms, \(round.turnsAbove8) above 8.2 ms, of \(bytes(Double(round.turns)))"
                ),
                ("  the front", "\(FigureText.percent(round.frontShare)) of a core"),
                (
                    "  load generators",
                    "at most \(FigureText.percent(busiest)) of a core"
                        + (busiest > 0.7 ? ": THEY MAY BE THE BOTTLENECK" : ": not the bottleneck")
                ),
            ]
        }
        let title =
            "links: \(clients) clients, \(bytes(Double(stateBytes))) bytes of state, \(FigureText.fixed(hz, 0)) Hz, "
            + "\(FigureText.fixed(rate, 0)) a second\n"
        return title
            + TextTable.columns(
                rows(join, "join") + rows(resume, "resume") + [
                    ("longest turn of the front", "\(FigureText.fixed(longestTurnMilliseconds, 1)) ms since it began"),
                    ("complete", isComplete ? "yes" : "NO: someone or something was missing"),
                ])
    }
}
