import CAllocationCount
import Core
import State
import Testing

@Suite("What a back writes down of its ticks") struct TickRingTests {
    /// A ring in memory of the test's own, and what its reader makes of it at any time.
    private final class Memory {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: TickRing.byteCount, alignment: 4096)
        private(set) var ring: TickRing

        init() {
            bytes.initializeMemory(as: UInt8.self, repeating: 0xAB)
            ring = TickRing(bytes, epoch: Epoch(rawValue: 7))
        }

        deinit { bytes.deallocate() }

        var record: TickRecord? { TickRecord(Array(bytes)) }
    }

    /// Looks at the ring from inside the application, where a trap would leave it.
    private struct Watched: Processor {
        nonisolated(unsafe) static var places: [TickRecord.Place] = []
        nonisolated(unsafe) static var look: () -> TickRecord? = { nil }
        let players: Table<SessionID, Mark>

        struct Mark: Row {
            var count: Int32 = 0
            static let schema = Schema<Mark>(.field("count", \.count))
        }

        init(_ state: inout State) { players = state.table("players") }

        mutating func step(_ tick: inout Tick) {
            Self.note()
            while let event = tick.next() {
                if case .input = event { Self.note() }
            }
            Self.note()
        }

        private static func note() { if let place = look()?.place { places.append(place) } }
    }

    @Test("At every moment of a tick the record says which input the application has in hand, and none between ticks")
    func places() throws {
        let memory = Memory()
        var stage = FrontStage(Watched.self)
        stage.back.ring = memory.ring
        let client = stage.join(.webSocket)
        Watched.places = []
        Watched.look = { memory.record }
        defer { Watched.look = { nil } }
        stage.inputs(1...2, on: client, "hello")
        stage.pass(.milliseconds(60))
        #expect(memory.record?.place == .idle)
        #expect(memory.record?.epoch == Epoch(rawValue: 7))
        let inputs = try #require(memory.record?.ticks.last)
        #expect(inputs.channel == "room/1")
        #expect(inputs.inputs.map(\.number) == [1, 2])
        #expect(inputs.inputs.map(\.bytes) == [Array("hello".utf8), Array("hello".utf8)])
        let seen = Watched.places.compactMap { place -> String? in
            switch place {
            case .idle: "idle"
            case .inTick(let channel, _): channel
            case .atInput(let input, let channel, let tick):
                tick == inputs.number ? "\(channel) \(input.number)" : nil
            }
        }
        #expect(seen.firstRange(of: ["room/1", "room/1 1", "room/1 2", "room/1"]) != nil, "\(seen)")
    }

    /// Takes its inputs and does nothing with them.
    private struct Puller: Processor {
        init(_ state: inout State) {}
        mutating func step(_ tick: inout Tick) { while tick.next() != nil {} }
    }

    @Test("Writing inputs down allocates nothing")
    func allocations() {
        func count(_ ring: TickRing?) -> (allocations: Int, inputs: UInt64) {
            var stage = FrontStage(Puller.self)
            stage.back.ring = ring
            let client = stage.join(.plain)
            var last: (Int, UInt64) = (0, 0)
            for round in 0..<3 {
                stage.inputs(UInt64(round * 50 + 1)...UInt64(round * 50 + 50), on: client, "an input of some bytes")
                stage.pass(.milliseconds(2))
                stage.now = stage.now + .milliseconds(60)
                let applied = stage.back.counters.inputsApplied
                let before = allocation_count()
                while stage.back.tick(now: stage.now) != nil {}
                last.0 = allocation_count() - before
                last.1 = stage.back.counters.inputsApplied - applied
                stage.pump()
            }
            return last
        }
        let memory = Memory()
        let (with, without) = (count(memory.ring), count(nil))
        #expect(with.inputs == 50 && without.inputs == 50)
        #expect(with.allocations == without.allocations)
        #expect(with.allocations > 0 || allocation_count() == 0, "nothing is counted")
        #expect(memory.record?.ticks.last?.inputs.count == 50)
    }

    @Test("The newest inputs are kept whole, in order, however many came and however large they are")
    func wraps() throws {
        let memory = Memory()
        var stage = FrontStage()
        stage.back.ring = memory.ring
        let client = stage.join(.plain)
        var sent: UInt64 = 0
        for round in 1...40 {
            for _ in 1...4 {
                sent += 1
                stage.inputs([sent], on: client, String(repeating: "x", count: round.isMultiple(of: 3) ? 60_000 : 500))
            }
            stage.pass(.milliseconds(60))
        }
        let numbers = try #require(memory.record).ticks.flatMap { $0.inputs.map(\.number) }
        #expect(numbers.last == sent)
        let first = try #require(numbers.first)
        #expect(numbers == Array(first...sent), "no gap, nothing twice")
        #expect(first > 1 && numbers.count > 4)
        #expect(
            try #require(memory.record).ticks.allSatisfy { !$0.channel.isEmpty || $0 == memory.record?.ticks.first })
    }

    @Test("A file that is short, not ours, or cut off while it was made is no record")
    func noRecord() {
        #expect(TickRecord([]) == nil)
        #expect(TickRecord([UInt8](repeating: 0, count: TickRing.byteCount)) == nil)
        #expect(TickRecord([UInt8](repeating: 0xFF, count: TickRing.byteCount)) == nil)
    }

    @Test("Damaged bytes behind the mark are read as far as they go")
    func damaged() {
        let memory = Memory()
        var stage = FrontStage()
        stage.back.ring = memory.ring
        let client = stage.join(.plain)
        stage.inputs(1...9, on: client, "hello")
        stage.pass(.milliseconds(60))
        var dice = Dice(seed: 5)
        for _ in 0..<200 {
            var bytes = Array(memory.bytes)
            for _ in 0..<4 { bytes[Int.random(in: 8..<5000, using: &dice)] = .random(in: 0 ... .max, using: &dice) }
            #expect(TickRecord(bytes) != nil)
        }
    }

    @Test("An input that is known as poison is refused with the reason, the session ends behind it, and others go on")
    func refused() {
        let memory = Memory()
        var stage = FrontStage()
        stage.back.ring = memory.ring
        let probe = stage.join(.webSocket)
        let session = stage[probe].field("session", of: "welcome").flatMap { SessionID($0) }
        var poisoned = FrontStage()
        poisoned.back.ring = memory.ring
        poisoned.back.poison = session.map { [PoisonedInput(session: $0, bytes: Array("bad".utf8))] } ?? []
        // The same seeds give the same sessions.
        let client = poisoned.join(.webSocket)
        #expect(poisoned[client].field("session", of: "welcome").flatMap { SessionID($0) } == session)
        let other = poisoned.join(.webSocket, attach: 1)
        poisoned.inputs([1], on: client, "good")
        poisoned.inputs([2], on: client, "bad")
        poisoned.inputs([1], on: other, "bad")
        poisoned.pass(.milliseconds(200))
        #expect(
            poisoned[client].frames.contains {
                $0.hasPrefix("refusedClient") && $0.contains("number=2") && $0.contains("twice")
            })
        #expect(poisoned[client].frames.contains { $0.hasPrefix("unlinkedClient") && $0.contains("code=4001") })
        #expect(
            !poisoned[other].kinds.contains("refusedClient"), "another session's input of the same bytes is another")
        #expect(memory.ring.refusedCount == 1)
    }

    @Test("The second crash at one input makes it poison, for that back alone; chance and other inputs do not")
    func ledger() {
        var ledger = PoisonLedger()
        let session = SessionID(high: 1, low: 2)
        let (bad, good) = (
            PoisonedInput(session: session, bytes: Array("bad".utf8)),
            PoisonedInput(session: session, bytes: Array("good".utf8))
        )
        #expect(ledger.crashed("back-1", at: bad) == .suspected)
        #expect(ledger.crashed("back-1", at: good) == .suspected)
        #expect(ledger.crashed("back-2", at: bad) == .suspected)
        #expect(ledger.poison(of: "back-1").isEmpty)
        #expect(ledger.crashed("back-1", at: bad) == .poisoned)
        #expect(ledger.poison(of: "back-1") == "\(bad)")
        #expect(ledger.poison(of: "back-2").isEmpty)
        #expect(PoisonedInput("\(bad)") == bad)
        for number in 0..<1000 {
            _ = ledger.crashed("back-1", at: PoisonedInput(session: session, bytes: Array("\(number)".utf8)))
        }
        #expect(ledger.entries.count == 256)
    }

    @Test(
        "Only ends of a process's own making count against an input",
        arguments: [
            (ProcessExit.signal(4), true), (.signal(5), true), (.signal(6), true), (.signal(11), true),
            (.code(132), true),
            (.code(139), true), (.signal(9), false), (.signal(15), false), (.code(0), false), (.code(1), false),
            (.unknown, false),
        ])
    func traps(exit: ProcessExit, isTrap: Bool) { #expect(exit.isTrap == isTrap) }
}
