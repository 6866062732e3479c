import Testing
@testable import Loop

/// Runs a loop inline until a condition holds, with a bound for the whole of it.
func waitUntil(_ loop: EventLoop, _ what: String = "", _ condition: () -> Bool) throws {
    let held = try loop.runTurns(until: condition, withinMilliseconds: 20_000)
    try #require(held, "never came: \(what)")
}
