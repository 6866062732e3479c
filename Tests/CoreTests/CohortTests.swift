import Core
import State
import Testing

/// A row that is another in every tick. Inputs are taken in, and so acked.
private struct Clock: Processor {
    struct Hand: Row {
        var ticks: Int32 = 0
        static let schema = Schema<Hand>(.field("ticks", \.ticks))
    }

    let hands: Table<Int, Hand>

    init(_ state: inout State) { hands = state.table("hands") }

    mutating func step(_ tick: inout Tick) {
        while tick.next() != nil {}
        hands[0, default: Hand()].ticks += 1
    }
}

@Suite("Cohorts: readers who stand at the same place")
struct CohortTests {
    /// What one client was told, in order.
    private struct Told {
        var version: [UInt64: Version] = [:]
        var tick: [UInt64: TickNumber] = [:]
        var highest = InputNumber(rawValue: 0)
        var marks = 0
        var pongs = 0
        var wrong: [String] = []

        init(_ bytes: [UInt8]) throws {
            try bytes.withUnsafeBytes { bytes in
                var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                while let frame = try cursor.next() { try take(frame) }
                if cursor.consumed < bytes.count { wrong.append("\(bytes.count - cursor.consumed) bytes of no frame") }
            }
        }

        private mutating func take(_ frame: Frame) throws {
            switch frame.kind {
            case .section:
                var reader = ByteReader(frame.body)
                let head = try SectionHead(from: &reader)
                let held = version[head.link.rawValue] ?? .nothing
                if head.base > held { wrong.append("a section from \(head.base) at \(held)") }
                if head.version <= held { wrong.append("a section to \(head.version) at \(held)") }
            case .mark:
                let mark = try frame.decode(Mark.init(from:))
                marks += 1
                version[mark.link.rawValue] = mark.version
                tick[mark.link.rawValue] = mark.tick
            case .ackedClient:
                // It writes to the first channel that it reads.
                let ack = try frame.decode(ClientAcked.init(from:))
                if ack.highest <= highest { wrong.append("an ack of \(ack.highest) behind one of \(highest)") }
                highest = ack.highest
                let told = tick[1] ?? TickNumber(rawValue: 0)
                if ack.tick > told { wrong.append("an ack of tick \(ack.tick) before its state, at tick \(told)") }
            case .pong: pongs += 1
            default: break
            }
        }
    }

    /// Clients on plain streams who read these channels and write to the first, a moment after they came.
    private func stage(readers: Int, _ channels: [String]) -> (FrontStage, [ConnectionID]) {
        var stage = FrontStage(Clock.self)
        let hello = Hello(
            attach: AttachNumber(rawValue: 1), token: [], reads: channels.map { Read(channel: $0) }, write: channels[0])
        let ids = (0..<readers).map { number in
            let id = stage.connect(.plain, peer: "10.0.0.\(number / 50)")
            stage.frame(.hello, on: id) { hello.encode(into: &$0) }
            return id
        }
        // A little past a tick.
        stage.pass(.milliseconds(210))
        return (stage, ids)
    }

    private func version(_ channel: String, _ stage: inout FrontStage) throws -> Version {
        let (version, _) = try #require(stage.back.encodedState(of: channel))
        return version
    }

    /// Each sends a numbered input.
    private func write(_ number: UInt64, _ ids: [ConnectionID], _ stage: inout FrontStage) {
        for id in ids { stage.inputs([number], on: id) }
    }

    @Test("What a walk puts behind its bytes is the frame of the ack", arguments: [true, false])
    func ackFrame(isWebSocket: Bool) {
        let shared: [UInt8] = [1, 2, 3]
        let numbers: [UInt64] = [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, 0x1F_FFFF, 0x20_0000, 0xFFF_FFFF, 1 << 28, .max]
        shared.withUnsafeBytes { part in
            let bytes = WalkBytes([part, part])
            for highest in numbers {
                for tick in numbers {
                    let ack = ClientAcked(
                        grant: GrantID(rawValue: 0x0102_0304_0506_0708), highest: InputNumber(rawValue: highest),
                        tick: TickNumber(rawValue: tick))
                    var frame = ByteWriter()
                    ClientVoice.acked(ack, .plain, to: &frame)
                    var wanted = ByteWriter()
                    wanted.raw(shared + shared)
                    if isWebSocket { WebSocketWriter.header(.binary, payloadByteCount: frame.count, to: &wanted) }
                    wanted.raw(frame.bytes)
                    let byteCount = bytes.put(ack, isWebSocket: isWebSocket)
                    #expect(Array(bytes.buffer(byteCount)) == wanted.bytes)
                }
            }
            #expect(Array(bytes.buffer(bytes.count)) == shared + shared)
        }
    }

    @Test("All that a tick brought to a reader of several channels, and its ack, leave in one write")
    func oneWrite() throws {
        var (stage, ids) = stage(readers: 20, ["room/1", "room/2", "room/3"])
        for number in 1...10 as ClosedRange<UInt64> {
            write(number, ids, &stage)
            stage.pass(.milliseconds(2))
            let first = stage.turns.count
            stage.turn(after: .milliseconds(48))
            // The room of a turn may end among them.
            stage.turn(after: .microseconds(10))
            let written = stage.turns[first...].joined().map(\.id)
            #expect(written.count == 20 && Set(written).count == 20, "\(number): \(written)")
        }
        for id in ids {
            let told = try Told(stage[id].raw)
            #expect(told.wrong.isEmpty && told.highest.rawValue == 10 && told.version.count == 3, "\(told)")
            for (link, channel) in ["room/1", "room/2", "room/3"].enumerated() {
                #expect(try told.version[UInt64(link) + 1] == version(channel, &stage))
            }
        }
    }

    @Test(
        "Where ticks come faster than turns can serve all, everybody gets whole steps in order, acks behind their ticks"
    )
    func slices() throws {
        var (stage, ids) = stage(readers: 400, ["room/1"])
        let first = stage.turns.count
        for number in 1...12 as ClosedRange<UInt64> {
            write(number, ids, &stage)
            stage.turn(after: .milliseconds(50))
        }
        let writesOfTurns = stage.turns[first...].map(\.count)
        // Fewer than half of them in a turn, and somebody in each.
        #expect(writesOfTurns.allSatisfy { (1...199).contains($0) }, "\(writesOfTurns)")
        stage.pass(.milliseconds(200))
        for id in ids {
            let told = try Told(stage[id].raw)
            #expect(told.wrong.isEmpty && told.highest.rawValue == 12, "\(told)")
            #expect(try told.version[1] == version("room/1", &stage))
            // Squashed or not, nobody is passed over for long.
            #expect(told.marks >= 5, "\(told)")
        }
    }

    @Test("Who leaves in the middle of a walk is owed what it would have been, in whatever way it goes")
    func leaving() throws {
        var (stage, ids) = stage(readers: 400, ["room/1"])
        for number in 1...6 as ClosedRange<UInt64> {
            write(number, ids, &stage)
            for (place, id) in ids.enumerated() where place % 7 == Int(number) {
                switch place % 4 {
                case 0: stage.frame(.ping, on: id) { $0.u64(number) }
                case 1: stage.frame(.read, on: id) { Read(channel: "room/2").encode(into: &$0) }
                case 2: stage.blocked.insert(id)
                default: if place % 3 == 0 { stage.drop(id) }
                }
            }
            stage.turn(after: .milliseconds(50))
        }
        let blocked = stage.blocked.sorted()
        stage.blocked = []
        for id in blocked { stage.front.drained(id, now: stage.now) }
        stage.pass(.milliseconds(200))
        let whole = try (version("room/1", &stage), version("room/2", &stage))
        for (place, id) in ids.enumerated() where !stage[id].isClosed {
            let told = try Told(stage[id].raw)
            let hasLeft = (1...6).contains(place % 7)
            #expect(told.wrong.isEmpty && told.highest.rawValue == 6, "\(place): \(told)")
            #expect(told.version[1] == whole.0)
            #expect(told.version[2] == (hasLeft && place % 4 == 1 ? whole.1 : nil))
            #expect(told.pongs == (hasLeft && place % 4 == 0 ? 1 : 0))
        }
        #expect(blocked.count > 50)
    }

    @Test("Those who came at other times stand together after a tick, and each is written to once")
    func together() throws {
        var (stage, _) = stage(readers: 3, ["room/1"])
        for _ in 0..<5 {
            _ = stage.join(.plain)
            _ = stage.join(.webSocket)
        }
        stage.pass(.milliseconds(100))
        let (first, before) = (stage.turns.count, stage.front.counters)
        stage.turn(after: .milliseconds(50))
        #expect(stage.turns[first...].joined().count == 13)
        #expect(stage.front.counters.writes - before.writes == 13)
        #expect(stage.front.counters.deliveries - before.deliveries == 13)
        #expect(stage.front.cohortSizes == [5, 8])
    }
}
