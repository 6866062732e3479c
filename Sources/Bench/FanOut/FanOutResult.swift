/// What one run of fan-out measured. Field names are the JSON's.
package struct FanOutResult: Codable, Equatable {
    package struct CPU: Codable, Equatable {
        /// Of one core, 0…1; more with several processes.
        package var share = 0.0
        /// Microseconds a delivery, and how they divide. The kernel counts the division in samples, the sum exactly.
        package var perDelivery = 0.0
        package var userPerDelivery: Double?
        package var systemPerDelivery: Double?
    }

    package struct Latency: Codable, Equatable {
        package var p50 = 0.0
        package var p99 = 0.0
        package var p999 = 0.0
        package var max = 0.0
    }

    package let subject: BenchCluster.Subject
    package let clients: Int
    package let hz: Double
    package let bytes: Int
    package let seconds: Double
    package let fronts: Int
    /// Patches that each client gets in a tick.
    package let patches: Int

    package let deliveries: UInt64
    package let expectedDeliveries: UInt64
    /// Versions that arrived inside a squash.
    package let squashed: UInt64
    package let missing: UInt64
    package let late: UInt64
    package let corrupt: UInt64
    package let gaps: UInt64
    /// Inputs that clients sent, and acks that they got.
    package let inputs: UInt64
    package let acks: UInt64
    package let clientsLost: UInt64
    package let clientsLostReason: String?
    /// Slots in which nobody got anything: the back or the machine did not keep up.
    package let overruns: Int
    package let deliveriesPerSecond: Double
    package let bytesPerSecond: Double
    /// Milliseconds from the intended slot to the client.
    package let latency: Latency?
    package let distribution: [LatencyPlace]
    package private(set) var front = CPU()
    package private(set) var back: CPU?
    /// Each load generator's share of one core.
    package private(set) var generatorShares: [Double] = []
    package private(set) var writesPerDelivery: Double?
    /// Bytes that the backs sent to all fronts, a tick, and the backs' CPU, in microseconds.
    package private(set) var trunkBytesPerTick: Double?
    package private(set) var backMicrosecondsPerTick: Double?

    package init(_ subject: BenchCluster.Subject, _ options: FanOutOptions, _ tally: DeliveryTally, _ window: Window) {
        self.subject = subject
        clients = options.clients
        hz = options.hz
        bytes = options.bytes
        patches = options.patches
        seconds = Double(window.end - window.start) / 1e9
        fronts = subject == .product ? options.fronts : 1
        deliveries = tally.deliveries
        squashed = tally.squashed
        late = tally.late
        corrupt = tally.corrupt
        gaps = tally.gaps
        inputs = tally.sent
        acks = tally.acks
        clientsLost = tally.closed
        clientsLostReason = tally.reason
        let seen = tally.slots.reduce(0) { $0 + Int($1) }
        overruns = window.slotCount - seen
        expectedDeliveries = UInt64(options.deliveriesPerTick) * UInt64(seen)
        let arrived = tally.deliveries + tally.squashed
        missing = expectedDeliveries > arrived ? expectedDeliveries - arrived : 0
        deliveriesPerSecond = Double(tally.deliveries) / seconds
        bytesPerSecond = Double(tally.byteCount) / seconds
        latency = Latency(tally.latency)
        distribution = tally.latency.curve
    }

    /// CPU that was used between the window's edges.
    mutating func take(
        servers: ProcessUsage, back: ProcessUsage, generators: [ProcessUsage], _ window: Window
    ) {
        front = cpu(servers)
        self.back = subject == .product ? cpu(back) : nil
        generatorShares = generators.map { Double($0.nanoseconds) / 1e9 / seconds }
    }

    mutating func take(frontCounters before: [String: Double], _ after: [String: Double]) {
        func grown(_ name: String) -> Double { (after[name] ?? 0) - (before[name] ?? 0) }
        let deliveries = grown("deliveries_total")
        writesPerDelivery = deliveries > 0 ? grown("writes_total") / deliveries : nil
        // Ticks that ran, by what came of them: each patch comes to each front.
        let ticks = grown("patches_total") / Double(fronts * patches)
        guard ticks > 0 else { return }
        trunkBytesPerTick = grown("trunk_bytes_total") / ticks
        backMicrosecondsPerTick = (back?.share ?? 0) * seconds * 1e6 / ticks
    }

    /// Every client got every version, right.
    package var isComplete: Bool {
        deliveries > 0 && missing == 0 && corrupt == 0 && gaps == 0 && clientsLost == 0 && (inputs == 0) == (acks == 0)
    }

    /// True when a load generator was busy for so much of the time that it, not the front, may set the pace.
    package var isLoadGeneratorBusy: Bool { generatorShares.contains { $0 > 0.7 } }

    private func cpu(_ usage: ProcessUsage) -> CPU {
        let microseconds = Double(usage.nanoseconds) / 1000 / Double(max(1, deliveries))
        return CPU(
            share: Double(usage.nanoseconds) / 1e9 / seconds, perDelivery: microseconds,
            userPerDelivery: usage.userShare.map { $0 * microseconds },
            systemPerDelivery: usage.userShare.map { (1 - $0) * microseconds })
    }
}
