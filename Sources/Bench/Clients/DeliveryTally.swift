/// What one load generator counted in the measured window; the harness adds up those of all.
struct DeliveryTally: Codable, Equatable {
    var clients = 0
    /// Messages with a mark whose slot lies in the window.
    var deliveries: UInt64 = 0
    /// Their bytes as WebSocket payloads.
    var byteCount: UInt64 = 0
    /// Versions that arrived inside a squash of several.
    var squashed: UInt64 = 0
    /// Deliveries later than one tick.
    var late: UInt64 = 0
    /// Deliveries that are not the bytes of their slot.
    var corrupt: UInt64 = 0
    /// Marks that do not join on to what the client held.
    var gaps: UInt64 = 0
    /// Clients that were closed.
    var closed: UInt64 = 0
    /// Why the first was.
    var reason: String?
    /// For each slot of the window, 1 if any client got it.
    var slots: [UInt8] = []
    var latency = LatencyHistogram()

    mutating func add(_ other: DeliveryTally) {
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
    }
}

/// The slots that are measured: from `start` to before `end`, nanoseconds of CLOCK_MONOTONIC on the grid of `period`.
struct Window: Equatable {
    var start: UInt64
    var end: UInt64
    var period: UInt64

    var slotCount: Int { Int((end - start) / period) }

    /// The place of a slot; nil outside.
    func place(of slot: UInt64) -> Int? {
        guard slot >= start, slot < end else { return nil }
        return Int((slot - start) / period)
    }
}
