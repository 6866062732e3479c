/// Why a connection is not taken. Each is counted by its name.
package enum ConnectionRefusal: String, Sendable, CaseIterable {
    /// The table is full; while there is a little room beyond it, clients are told so, with a time to come again.
    case tableFull = "full table"
    /// Too many connections have proved nothing yet, over all or from one address.
    case tooManyUnproven = "too many unproven"
    case addressUnproven = "unproven of one address"
    /// Too many new connections a second from one address.
    case addressRate = "rate of one address"
    /// The front takes nobody: it stops, or is drained.
    case leaving = "leaving"
}

/// How many connections of each address came of late: a bucket of as many as a second may bring, filled again at that rate.
struct ArrivalRates: Sendable {
    private var buckets: [String: (tokens: Double, at: Instant)] = [:]

    /// One more from this address. False if it is one too many.
    mutating func take(_ address: String, now: Instant) -> Bool {
        let limit = Double(Limits.newPerAddressAndSecond)
        let bucket = buckets[address] ?? (limit, now)
        let tokens = min(limit, bucket.tokens + now.since(bucket.at) / .seconds(1) * limit)
        guard tokens >= 1 else {
            buckets[address] = (tokens, now)
            return false
        }
        buckets[address] = (tokens - 1, now)
        return true
    }

    /// Forgets addresses whose bucket is full again. Called once a second, so at most two seconds' addresses are held.
    mutating func forget(now: Instant) { buckets = buckets.filter { now.since($0.value.at) < .seconds(1) } }

    var isEmpty: Bool { buckets.isEmpty }
}

extension FrontCore {
    /// Whether a connection is taken, and as what. Loopback is trusted: proxies and tests are there.
    mutating func standing(of peer: String, isLoopback: Bool) -> Result<FrontConnection.Standing, RefusedConnection> {
        func refused(_ reason: ConnectionRefusal) -> Result<FrontConnection.Standing, RefusedConnection> {
            .failure(RefusedConnection(reason: reason))
        }
        if isDraining { return refused(.leaving) }
        if !isLoopback, !arrivals.take(peer, now: now) { return refused(.addressRate) }
        if connections.count >= settings.connectionLimit + Limits.turnedAwayConnections { return refused(.tableFull) }
        if unprovenCount >= max(64, settings.connectionLimit / Limits.unprovenShare) {
            return refused(.tooManyUnproven)
        }
        if !isLoopback, unprovenOf[peer, default: 0] >= Limits.unprovenPerAddress { return refused(.addressUnproven) }
        return .success(connections.count >= settings.connectionLimit ? .turnedAway : .served)
    }

    /// What a client is told that came to a full table: when to come again, each at another time.
    mutating func overload() -> Farewell {
        counters.refused[.tableFull, default: 0] += 1
        let milliseconds = 1000 + dice.next() % 4000
        return Farewell(.overloaded, "this front is full; come again in \(milliseconds) ms")
    }
}

/// A connection that is closed without a word.
struct RefusedConnection: Error {
    let reason: ConnectionRefusal
}
