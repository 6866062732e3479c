import Core
import State
import Testing

@Suite("A back's inputs")
struct BackCoreInputTests {
    /// One front with one session that may write; nothing said yet but the tick that let it in.
    private func stage() -> (BackStage, TrunkID) {
        var stage = BackStage(Diary.self)
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.tick()
        _ = stage.take(id)
        return (stage, id)
    }

    @Test(
        "Exactly the next number is taken; repeats are acked again, numbers ahead are answered with the highest once a tick"
    )
    func dedupe() {
        var (stage, id) = stage()
        stage.inputs([1, 2], of: 1, on: id)
        stage.tick()
        #expect(stage.take(id).acks == [[1: 2]])
        stage.inputs([1, 2, 2], of: 1, on: id)
        stage.tick()
        #expect(stage.take(id).acks == [[1: 2]])
        stage.inputs([4, 5, 9], of: 1, on: id)
        stage.tick()
        #expect(stage.take(id).acks == [[1: 2]])
        #expect(stage.sum(1) == 2)
        stage.inputs([3, 3, 4, 0], of: 1, on: id)
        stage.tick()
        #expect(stage.take(id).acks == [[1: 4]])
        #expect(stage.sum(1) == 4)
        #expect(stage.core.counters.inputsRepeated == 5)
        #expect(stage.core.counters.inputsOutOfOrder == 3)
        stage.tick()
        #expect(stage.take(id).isEmpty)
    }

    @Test("300 inputs that change nothing are acked without section or mark, 64 a tick, in order")
    func nothingChanged() {
        var (stage, id) = stage()
        stage.inputs(1...300, of: 1, on: id) { _ in "." }
        for highest in [64, 128, 192, 256, 300] as [UInt64] {
            stage.tick()
            let said = stage.take(id)
            #expect(said.kinds == ["acked"])
            #expect(said.acks == [[1: highest]])
        }
        stage.tick()
        #expect(stage.take(id).isEmpty)
    }

    @Test("What is carried over is applied in order, before what came later, and others do not wait for it")
    func carriedOver() {
        var (stage, id) = stage()
        stage.attach(2, as: 2, on: id)
        stage.inputs(1...100, of: 1, on: id)
        stage.inputs(1...2, of: 2, on: id)
        stage.tick()
        #expect(stage.sum(1) == 64)
        #expect(stage.sum(2) == 2)
        stage.inputs(101...110, of: 1, on: id)
        stage.tick()
        #expect(stage.sum(1) == 110)
        #expect(stage.core.counters.inputsOutOfOrder == 0)
    }

    @Test(
        "A link gets the credit that its channel has, and a quarter of it back when that is taken in",
        arguments: [1, 3, 8])
    func settings(mebibytes: Int) {
        var stage = BackStage(Diary.self, ChannelSettings(inboxCreditBytes: mebibytes << 20))
        let id = stage.trunk(1)
        stage.link(1, "room/1", on: id)
        stage.attach(1, as: 1, on: id)
        stage.tick()
        #expect(stage.credits(id) == UInt64(mebibytes << 20))
        let data = String(repeating: ".", count: 10_000)
        var sent = 0
        for first in stride(from: UInt64(1), to: 1000, by: 10) where sent < mebibytes << 18 {
            let before = sent
            #expect(stage.credits(id) == 0, "a quarter is \(mebibytes << 18) bytes, and \(before) were taken in")
            stage.inputs(first..<first + 10, of: 1, on: id) { _ in data }
            stage.tick()
            sent += 10 * (data.count + 4)
        }
        #expect(stage.credits(id) > UInt64(mebibytes << 18))
    }

    @Test("Inputs that are carried over get their credit back when they are decided, once")
    func credit() {
        var (stage, id) = stage()
        _ = stage.credits(id)
        // 30 ticks' worth: what is carried over passes through the inbox again and again.
        let data = String(repeating: ".", count: 400)
        var sent: UInt64 = 0
        for first in stride(from: UInt64(1), to: 1921, by: 64) {
            var writer = ByteWriter()
            writer.num(UInt64(1))
            for number in first..<first + 64 {
                writer.num(UInt64(1))
                writer.num(number)
                writer.blob(Array(data.utf8))
            }
            sent += UInt64(writer.count - 1)
            stage.frame(.trunkInputs, on: id) { $0.raw(writer.bytes) }
        }
        var returned: UInt64 = 0
        for _ in 0..<10 { stage.tick() }
        returned += stage.credits(id)
        #expect(returned <= sent / 3 + 1024)
        for _ in 0..<30 { stage.tick() }
        returned += stage.credits(id)
        #expect(returned <= sent)
        #expect(returned >= sent - UInt64(Limits.linkCreditBytes / 4))
    }

    @Test(
        "A refused input consumes its number, is told before the ack, and is listed when the grant is asked for again")
    func refusals() {
        var (stage, id) = stage()
        stage.inputs(1...5, of: 1, on: id) { $0 % 2 == 0 ? "!" : "a" }
        stage.tick()
        let said = stage.take(id)
        #expect(said.kinds == ["section", "mark", "refused", "refused", "acked"])
        #expect(said.refused == [2, 4])
        #expect(said.acks == [[1: 5]])
        #expect(stage.sum(1) == 3)
        stage.detach(1, on: id)
        stage.attach(1, as: 2, on: id, attach: 2)
        stage.tick()
        let granted = stage.take(id).granted
        #expect(granted.map(\.highest.rawValue) == [5])
        #expect(granted.map { $0.refused.map(\.rawValue) } == [[2, 4]])
    }

    @Test("Only refusals among the last 256 numbers are listed")
    func oldRefusals() {
        var (stage, id) = stage()
        stage.inputs(1...3, of: 1, on: id) { _ in "!" }
        stage.tick()
        for first in stride(from: UInt64(4), through: 257, by: 64) {
            stage.inputs(first...min(first + 63, 257), of: 1, on: id) { _ in "." }
            stage.tick()
        }
        _ = stage.take(id)
        stage.want(1, true, on: id)
        stage.tick()
        #expect(stage.take(id).granted.map { $0.refused.map(\.rawValue) } == [[2, 3]])
    }

    @Test("A detach drops what was carried over; the numbers go on when the session is back")
    func detachDropsCarriedOver() {
        var (stage, id) = stage()
        stage.inputs(1...100, of: 1, on: id)
        stage.detach(1, on: id)
        stage.tick()
        stage.tick()
        stage.tick()
        #expect(stage.sum(1) == 64)
        stage.attach(1, as: 2, on: id, attach: 2)
        stage.inputs(65...100, of: 2, on: id)
        stage.tick()
        #expect(stage.take(id).granted.last?.highest.rawValue == 64)
        #expect(stage.sum(1) == 100)
    }

    @Test(
        "A grant that is given back is confirmed behind everything that was sent before it, and a new one begins at 1")
    func revocation() {
        var (stage, id) = stage()
        stage.inputs(1...70, of: 1, on: id) { $0 == 70 ? "!" : "a" }
        stage.want(1, false, on: id)
        stage.tick()
        #expect(stage.take(id).revoked.isEmpty)
        stage.tick()
        let said = stage.take(id)
        #expect(said.kinds == ["section", "mark", "refused", "revoked"])
        #expect(said.revoked.map(\.highest.rawValue) == [70])
        stage.inputs(71...72, of: 1, on: id)
        stage.tick()
        #expect(stage.core.counters.inputsWithoutGrant == 2)
        #expect(stage.sum(1) == 69)
        let old = said.revoked.first?.grant
        stage.want(1, true, on: id)
        stage.inputs([1], of: 1, on: id)
        stage.tick()
        let granted = stage.take(id).granted
        #expect(granted.map(\.highest.rawValue) == [0])
        #expect(granted.first?.grant != old)
        #expect(stage.sum(1) == 70)
    }

    @Test("Inputs of a member that is not there, or of a session that may only read, change nothing and are counted")
    func strangers() {
        var (stage, id) = stage()
        stage.attach(2, as: 2, on: id, writes: false)
        stage.inputs([1], of: 2, on: id)
        stage.inputs([1], of: 9, on: id)
        stage.tick()
        #expect(stage.take(id).acks.isEmpty)
        #expect(stage.core.counters.inputsWithoutGrant == 1)
        #expect(stage.core.counters.inputsWithoutMember == 1)
        #expect(stage.sum(2) == 0)
    }

    @Test("Ticks order sections, mark, attach answers, grants, refusals and acks, messages")
    func order() {
        var (stage, id) = stage()
        stage.attach(2, as: 2, on: id)
        stage.inputs([1, 2, 3], of: 2, on: id) { ["", ">hi", "!", "a"][Int($0)] }
        stage.tick()
        let said = stage.take(id)
        #expect(said.kinds == ["section", "mark", "attached", "granted", "refused", "acked", "toSessions"])
        let message = said.compactMap { if case .toSessions(let message) = $0 { message } else { nil } }.first
        #expect(message?.version == said.marks.last?.version)
        #expect(message?.members == [])
    }
}
