import Core
import Loop

/// What a process reports of its loop's turns.
package enum LoopFigures {
    /// The histogram's name.
    package static let name = "loop_turn_seconds"
    /// The longest turn since the process began, as a gauge.
    package static let longestName = "loop_turn_longest_seconds"

    package static func histogram(_ turns: TurnTimes) -> ProcessReport.Histogram {
        ProcessReport.Histogram(bounds: turns.bounds, counts: turns.counts, sum: Double(turns.sumNanoseconds) / 1e9)
    }

    package static func longestSeconds(_ turns: TurnTimes) -> Double { Double(turns.longestNanoseconds) / 1e9 }
}
