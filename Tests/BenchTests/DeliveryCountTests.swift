import Bench
import CAllocationCount
import Testing

/// What a delivery costs a front, in memory: counts, so that the machine's load is not in them.
@Suite(.serialized) struct DeliveryCountTests {
    @Test(
        "Each reader gets all that a tick brings, and its ack, in one write; no turn of the loop writes to more than 200",
        arguments: [(1, false), (1, true), (16, false), (16, true)])
    func writes(_ channels: Int, _ wantsAcks: Bool) throws {
        let front = try FrontDeliveries(readers: 500, channels: channels, wantsAcks: wantsAcks, ticks: 8)
        front.run(3)
        let before = front.written
        front.run(5)
        #expect(front.written.writes - before.writes == 5 * 500)
        // A row of 256 bytes in each channel.
        #expect(front.written.bytes - before.bytes > 5 * 500 * 256 * channels)
        #expect(front.written.writesOfATurn < 200)
    }

    #if !DEBUG
        @Test(
            "More readers allocate nothing more, with acks or without", arguments: [(1, false), (1, true), (16, true)])
        func allocations(_ channels: Int, _ wantsAcks: Bool) throws {
            func count(_ readers: Int) throws -> Int {
                let front = try FrontDeliveries(
                    readers: readers, channels: channels, wantsAcks: wantsAcks, ticks: 12)
                front.run(8)
                let before = allocation_count()
                front.run(4)
                return allocation_count() - before
            }
            let (few, many) = (try count(20), try count(140))
            #expect(few > 0 || allocation_count() == 0, "nothing is counted")
            #expect(many - few <= 16, "\(few) for 20 readers, \(many) for 140")
        }

        /// In a process of its own: a copy of this one would wait for whatever lock another test holds, and count that.
        @Test("A delivery takes at most 250 instructions, with an ack of its own 900, of 16 channels 800")
        func instructions() throws {
            let count: CountCommand.Deliveries = try BenchProcess.result(["bench-count", "deliveries"])
            #expect(count.idle > 20 && count.idle <= 250, "\(count)")
            #expect(count.acked > 50 && count.acked <= 900, "\(count)")
            #expect(count.burst > 20 && count.burst <= 800, "\(count)")
            #expect(count.idleWrites == 1 && count.ackedWrites == 1 && count.burstWrites == 1, "\(count)")
        }
    #endif
}
