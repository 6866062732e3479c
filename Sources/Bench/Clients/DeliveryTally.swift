/// What one load generator counted in the measured window; the harness adds up those of all.
package struct DeliveryTally: Codable, Equatable {
    package var clients = 0
    /// Messages with a mark whose slot lies in the window.
    package var deliveries: UInt64 = 0
    /// Their bytes as WebSocket payloads.
    package var byteCount: UInt64 = 0
    /// Versions that arrived inside a squash of several.
    package var squashed: UInt64 = 0
    /// Deliveries later than one tick.
    package var late: UInt64 = 0
    /// Deliveries that are not the bytes of their slot.
    package var corrupt: UInt64 = 0
    /// Marks that do not join on to what the client held.
    package var gaps: UInt64 = 0
    /// Clients that were closed.
    package var closed: UInt64 = 0
    /// Why the first was.
    package var reason: String?
    /// For each slot of the window, 1 if any client got it.
    package var slots: [UInt8] = []
    package var latency = LatencyHistogram()
    /// Inputs that were sent, where clients write, and inputs that were not because too many waited for their acks.
    package var sent: UInt64 = 0
    package var stalled: UInt64 = 0
    /// Acks that came.
    package var acks: UInt64 = 0

    package init() {}

    package mutating func add(_ other: DeliveryTally) {
        clients += other.clients
        deliveries += other.deliveries
        byteCount += other.byteCount
        squashed += other.squashed
        late += other.late
        corrupt += other.corrupt
        gaps += other.gaps
        closed += other.closed
        reason = reason ?? other.reason
        if slots.isEmpty {
            slots = other.slots
        } else {
            for (place, seen) in other.slots.enumerated() where seen != 0 { slots[place] = 1 }
        }
        latency.add(other.latency)
        sent += other.sent
        stalled += other.stalled
        acks += other.acks
    }
}

/// The slots that are measured: from `start` to before `end`, nanoseconds of CLOCK_MONOTONIC on the grid of `period`.
package struct Window: Equatable {
    package var start: UInt64
    package var end: UInt64
    package var period: UInt64

    package init(start: UInt64, end: UInt64, period: UInt64) {
        self.start = start
        self.end = end
        self.period = period
    }

    package var slotCount: Int { Int((end - start) / period) }

    /// The place of a slot; nil outside.
    package func place(of slot: UInt64) -> Int? {
        guard slot >= start, slot < end else { return nil }
        return Int((slot - start) / period)
    }
}
