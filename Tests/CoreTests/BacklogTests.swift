import Core
import State
import Testing

/// Many clients who stood still for a while and then go on at the rate at which they spoke before.
@Suite("A backlog of many clients") struct BacklogTests {
    /// A rule that reads its events and does nothing.
    private struct Listens: Processor {
        init(_ state: inout State) {}

        mutating func step(_ tick: inout Tick) {
            while tick.next() != nil {}
        }
    }

    /// Who has always more to say than its window lets it.
    private struct Speaker {
        let id: ConnectionID
        let grant: UInt64
        var sent: UInt64 = 0
        var isSparing = false
        /// In its socket, not read yet.
        var unread: [UInt8] = []

        /// Says what the window lets it.
        mutating func speak(acked: UInt64) {
            while sent < acked + UInt64(Limits.windowInputs) {
                sent += 1
                var frame = ByteWriter()
                frame.frame(.inputs) {
                    $0.u64(grant)
                    $0.num(sent)
                    $0.blob([UInt8](repeating: 7, count: 64))
                }
                var message = ByteWriter()
                frame.bytes.withUnsafeBytes {
                    WebSocketWriter.masked(.binary, $0, key: 0x1234_5678, to: &message)
                }
                unread += message.bytes
            }
        }
    }

    @Test(
        "It is worked off at the rate that the credit allows: clients whose link was full are read a little at a time")
    func isWorkedOff() throws {
        var stage = FrontStage(Listens.self)
        var speakers: [Speaker] = []
        for _ in 0..<150 {
            let id = stage.join(.webSocket)
            let grant = try #require(UInt64(stage[id].field("grant", of: "grantedClient") ?? "", radix: 16))
            speakers.append(Speaker(id: id, grant: grant))
        }
        // A window of all of them is more than twice the credit, which holds 15,000 inputs.
        var decided: [UInt64] = []
        for _ in 0..<16 {
            let before = stage.back.counters.inputsApplied
            for place in speakers.indices {
                let acked = UInt64(stage[speakers[place].id].field("highest", of: "ackedClient") ?? "") ?? 0
                stage.clear(speakers[place].id)
                speakers[place].speak(acked: acked)
            }
            read(&speakers, &stage)
            stage.pass(.milliseconds(50))
            decided.append(stage.back.counters.inputsApplied - before)
        }
        #expect(stage.front.counters.creditStalls > 0, "the credit is what holds them up")
        // A tick decides at most 64 of each: 9,600.
        let settled = decided.suffix(8).reduce(0, +) / 8
        #expect(settled >= 8000, "\(decided)")
    }

    /// Turns of the front's loop until there is nothing more to read: of each client as much as one turn reads.
    private func read(_ speakers: inout [Speaker], _ stage: inout FrontStage) {
        var isMoving = true
        while isMoving {
            isMoving = false
            for place in speakers.indices where !speakers[place].unread.isEmpty {
                let id = speakers[place].id
                if stage.paused.contains(id) {
                    speakers[place].isSparing = true
                    continue
                }
                let room = speakers[place].isSparing ? 4096 : 65_536
                let bytes = Array(speakers[place].unread.prefix(room))
                if bytes.count < room { speakers[place].isSparing = false }
                speakers[place].unread.removeFirst(bytes.count)
                stage.send(bytes, on: id)
                isMoving = true
            }
        }
    }
}
