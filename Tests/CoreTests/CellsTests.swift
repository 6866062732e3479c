import Core
import Foundation
import Glibc
import State
import Testing

/// A world in cells: as many rows as cells, and every row changes in every tick.
private struct Cells: Processor {
    struct Mover: Row {
        var x: Int16 = 0, y: Int16 = 0, heading: UInt8 = 0
        static let schema = Schema<Mover>(.field("x", \.x), .field("y", \.y), .field("heading", \.heading))
    }

    static let cellCount = 300
    static let seenCount = 60
    let movers: Table<Int, Mover>
    let cells: [Audience]
    private var joinedCount = 0

    init(_ state: inout State) {
        movers = state.table("movers")
        let audiences = state.audiences
        cells = (0..<Self.cellCount).map { audiences["cell \($0)"] }
        for key in 0..<Self.cellCount { movers[key, for: cells[key]] = Mover(x: Int16(key)) }
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            guard case .joined(let session) = event else { continue }
            let first = joinedCount
            joinedCount += 1
            tick.setAudiences((0..<Self.seenCount).map { cells[(first + $0) % cells.count] }, of: session.id)
        }
        movers.updateEach { key, mover in
            mover.x = mover.x &+ 1
            mover.y = Int16(truncatingIfNeeded: key)
            mover.heading = mover.heading &+ 1
        }
    }
}

@Suite("Three hundred cells")
struct CellsTests {
    @Test(
        "300 rows in 300 cells, 300 sessions in 60 cells each: a cell is encoded once a tick, and sent once to each front that needs it"
    )
    func cells() throws {
        var stage = BackStage(Cells.self)
        let trunks = [stage.trunk(1), stage.trunk(2)]
        for trunk in trunks { stage.link(1, "room/1", on: trunk) }
        // The second front has members in the first 160 cells only.
        for session in 0..<300 { stage.attach(UInt64(session), as: UInt64(session) + 1, on: trunks[0], writes: false) }
        for session in 0..<101 {
            stage.attach(1000 + UInt64(session), as: UInt64(session) + 1, on: trunks[1], writes: false)
        }
        stage.tick()
        for trunk in trunks { _ = stage.take(trunk) }
        let isLong = ProcessInfo.processInfo.environment["SWITCHBACK_LONG"] == "1"
        let tickCount = isLong ? 2000 : 20
        var spent: Duration = .zero
        for _ in 0..<tickCount {
            let before = stage.core.counters
            stage.now = stage.now + .milliseconds(50)
            let began = Self.cpuTime
            _ = stage.core.tickByHand("room/1", now: stage.now)
            spent += Self.cpuTime - began
            stage.pump()
            let after = stage.core.counters
            #expect(after.patches - before.patches == 300)
            #expect(after.sections - before.sections == 300 + 160)
            #expect(after.snapshots == before.snapshots)
        }
        let sections = stage.take(trunks[1]).count { if case .section = $0 { true } else { false } }
        #expect(sections == 160 * tickCount)
        // For people: how much of a core 20 ticks a second are. Nothing is asserted about time.
        let microseconds = Double(spent.components.attoseconds) / 1e12 + Double(spent.components.seconds) * 1e6
        print(
            "cells: \(tickCount) ticks, \(Int(microseconds / Double(tickCount))) µs of CPU a tick,",
            "\((microseconds / Double(tickCount) * 20 / 1e4).rounded() / 100 * 100)% of a core at 20 Hz")
    }

    /// Of this thread, which nothing else runs on meanwhile.
    private static var cpuTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
