/// One run's ticks, from the lines that a back or the reference prints.
package struct LatenessRun: Equatable {
    package private(set) var lateness = LatencyHistogram()
    /// Slots in which no tick began, between the first and the last.
    package private(set) var missed: UInt64 = 0
    package private(set) var ticks = 0
    /// Nanoseconds by which the middle tick of the last tenth is later than that of the first; below zero: earlier.
    package private(set) var drift: Int64 = 0

    /// - Parameter lines: `SLOT LATENESS`, in the order of the slots; others are passed over.
    package init(lines: [String]) {
        var all: [UInt64] = []
        var (first, last): (UInt64?, UInt64) = (nil, 0)
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count == 2, let slot = UInt64(words[0]), let late = UInt64(words[1]) else { continue }
            if first == nil { first = slot } else if slot > last + 1 { missed += slot - last - 1 }
            last = slot
            lateness.record(late)
            all.append(late)
        }
        ticks = all.count
        let tenth = max(1, all.count / 10)
        guard all.count >= 2 else { return }
        drift = Self.median(all.suffix(tenth)) - Self.median(all.prefix(tenth))
    }

    private static func median(_ values: ArraySlice<UInt64>) -> Int64 {
        let sorted = values.sorted()
        return Int64(sorted[sorted.count / 2])
    }
}
