import Bench
import Testing

@Suite struct LatenessRunTests {
    @Test("Slots without a tick are missed, and other lines passed over") func missed() {
        let run = LatenessRun(lines: ["ready", "10 500", "11 700", "14 600", "15 900", "end"])
        #expect(run.ticks == 4 && run.missed == 2 && run.lateness.count == 4 && run.lateness.maximum == 900)
        #expect(LatenessRun(lines: []) == LatenessRun(lines: ["end"]))
    }

    @Test(
        "Drift is the last tenth's middle less the first's",
        arguments: [(0, 0), (10, 900), (-3, -270)])
    func drift(_ step: Int, _ drift: Int64) {
        let lines = (0..<100).map { "\($0) \(5000 + step * $0)" }
        #expect(LatenessRun(lines: lines).drift == drift)
    }

    @Test("Turns are taken in order and evenly, late ones too") func turns() {
        var turns = EvenTurns(base: 1000, period: 90, count: 3)
        #expect(turns.next(999) == nil && turns.nextAt == 1000)
        var taken: [String] = []
        while let (place, due) = turns.next(1125) { taken.append("\(place)@\(due)") }
        #expect(taken == ["0@1000", "1@1030", "2@1060", "0@1090", "1@1120"] && turns.nextAt == 1150)
    }
}
