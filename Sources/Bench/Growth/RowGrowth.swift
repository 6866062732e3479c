import Glibc
import State

/// What closing a tick costs by rows, in memory: all rows changed, and a hundred changed of many.
enum RowGrowth {
    private struct Mover: Row {
        var x: Int16 = 0, y: Int16 = 0, name = ""
        static let schema = Schema<Mover>(.field("x", \.x), .field("y", \.y), .field("name", \.name))
    }

    /// Rows that change of many that do not.
    private static let changed = 100
    /// A point is measured over at least so many changed rows.
    private static let leastRowCount = 100_000

    static func measure(_ sizes: [Int]) -> GrowthSeries {
        var lines = [GrowthSeries.Line("all rows changed", sizes.map { point($0, changing: $0) })]
        let many = sizes.filter { $0 > changed }
        if !many.isEmpty {
            lines.append(GrowthSeries.Line("\(changed) changed of all", many.map { point($0, changing: changed) }))
        }
        return GrowthSeries(name: "rows", size: "rows", cost: "µs a patch", straight: 1, lines: lines)
    }

    private static func point(_ count: Int, changing: Int) -> GrowthSeries.Point {
        var state = State()
        let movers: Table<Int, Mover> = state.table("movers")
        for key in 0..<count { movers[key] = Mover(name: "abcdef") }
        _ = state.closeAudiences()
        let rounds = max(3, leastRowCount / changing)
        let step = max(1, count / changing)
        var used: UInt64 = 0
        for round in 1...rounds {
            for place in 0..<changing {
                movers[place * step]?.x = Int16(truncatingIfNeeded: round)
                movers[place * step]?.y = Int16(truncatingIfNeeded: round + place)
            }
            let begun = cpu()
            _ = state.closeAudiences()
            used += cpu() - begun
        }
        return GrowthSeries.Point(size: Double(count), microseconds: Double(used) / 1000 / Double(rounds))
    }

    /// Of this thread, in nanoseconds: what the machine gave to others is not in it.
    private static func cpu() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
