import State

/// How many bytes the state of 100 small rows takes on the wire: {x, y: whole numbers 0–999; name of 6 letters}, Int16,
/// integer keys 0–99, from a fixed seed. Patch payloads, without the heads of frames and sections.
package struct StateSizes: Sendable, Equatable, Codable {
    /// The first snapshot, with its schema.
    package let firstSnapshot: Int
    /// The same without.
    package let snapshot: Int
    /// x and y of one row moved: the largest of all hundred.
    package let oneRow: Int
    /// x and y of rows 0–49.
    package let fiftyRows: Int
    package let allRows: Int

    /// What each may be at most.
    package static let limits = StateSizes(
        firstSnapshot: 1_600, snapshot: 1_600, oneRow: 9, fiftyRows: 205, allRows: 400)

    /// Whether none is larger than it may be.
    package var areWithinLimits: Bool {
        let limits = Self.limits
        return firstSnapshot <= limits.firstSnapshot && snapshot <= limits.snapshot && oneRow <= limits.oneRow
            && fiftyRows <= limits.fiftyRows && allRows <= limits.allRows
    }

    package static func measure(seed: UInt64 = 100) -> StateSizes { measure(seed: seed) { $0 } }

    /// The same rows keyed by random session ids.
    package static func measureSessions(seed: UInt64 = 100) -> StateSizes {
        var dice = SplitMix(state: seed)
        let ids = (0..<100).map { _ in SessionID(high: UInt64(dice.below(1 << 30)), low: UInt64(dice.below(1 << 30))) }
        return measure(seed: seed) { ids[$0] }
    }

    private static func measure<K: TableKey>(seed: UInt64, _ key: (Int) -> K) -> StateSizes {
        var dice = SplitMix(state: seed)
        var state = State()
        let movers: Table<K, BenchRows.Mover> = state.table("movers")
        func number() -> Int16 { Int16(dice.below(1000)) }
        for place in 0..<100 {
            let letters = (0..<6).map { _ in UInt8(97 + dice.below(26)) }
            movers[key(place)] = BenchRows.Mover(
                x: number(), y: number(), name: String(decoding: letters, as: UTF8.self))
        }
        func move(_ places: Range<Int>) -> Int {
            for place in places {
                movers[key(place)]?.x = number()
                movers[key(place)]?.y = number()
            }
            return state.close()?.count ?? 0
        }
        let snapshot = state.close()?.count ?? 0
        return StateSizes(
            firstSnapshot: state.schemaBytes.count + snapshot, snapshot: snapshot,
            oneRow: (0..<100).map { move($0..<$0 + 1) }.max() ?? 0, fiftyRows: move(0..<50), allRows: move(0..<100))
    }

    private init(firstSnapshot: Int, snapshot: Int, oneRow: Int, fiftyRows: Int, allRows: Int) {
        self.firstSnapshot = firstSnapshot
        self.snapshot = snapshot
        self.oneRow = oneRow
        self.fiftyRows = fiftyRows
        self.allRows = allRows
    }
}
