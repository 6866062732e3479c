import Bench
import CAllocationCount
import Foundation
import Testing

/// What an input costs where clocks do not reach. These are gates: what they count does not depend on the machine's load.
@Suite(.serialized) struct InputCountTests {
    @Test(
        "Front and plain C make the same batch of the same reads",
        arguments: [(1, 1, 1), (3, 16, 64), (7, 2, 400), (140, 2, 5), (1, 16_500, 3)] + (0...130).map { (2, 3, $0) })
    func sameBytes(_ clients: Int, _ perRead: Int, _ bytes: Int) throws {
        let ingest = try FrontIngest(clients: clients, inputsPerRead: perRead, bytes: bytes)
        for _ in 0..<3 { try ingest.check() }
    }

    @Test("Every input of a batch is seen by the application, in every round") func seen() throws {
        let trunk = try TrunkIngest(sessions: 300, bytes: 64)
        for _ in 0..<3 {
            trunk.prepare()
            trunk.run()
        }
        #expect(trunk.hasSeen(3) && !trunk.hasSeen(2))
    }

    @Test("More inputs in a read allocate nothing more at the front") func frontAllocations() throws {
        func count(_ perRead: Int) throws -> Int {
            let ingest = try FrontIngest(clients: 4, inputsPerRead: perRead, bytes: 64)
            for _ in 0..<5 { ingest.product() }
            let before = allocation_count()
            ingest.product()
            return allocation_count() - before
        }
        let (few, many) = (try count(8), try count(128))
        #expect(few > 0 || allocation_count() == 0, "nothing is counted")
        // 480 inputs more; buffers may double a few times.
        #expect(many - few <= 8, "\(few) for 8 inputs a read, \(many) for 128")
    }

    #if !DEBUG
        // A debug build puts closures and arrays on the heap that the build which ships does not.
        @Test("More inputs in a tick allocate nothing more at the back") func backAllocations() throws {
            let trunk = try TrunkIngest(sessions: 100, bytes: 64)
            func count(_ inputs: Int) -> Int {
                trunk.prepare(inputs)
                let before = allocation_count()
                trunk.run()
                return allocation_count() - before
            }
            _ = (count(4000), count(4000), count(4000))
            let (few, many) = (count(500), count(4000))
            #expect(few > 0 || allocation_count() == 0, "nothing is counted")
            #expect(many - few <= 32, "\(few) for 500 inputs, \(many) for 4000")
        }

        /// In a process of its own: a copy of this one would wait for whatever lock another test holds, and count that.
        @Test("An input takes at most 1.5 times the instructions of plain C at the front, and 700 in the back")
        func instructions() throws {
            let result: IngestResult = try BenchProcess.result([
                "ingest", "--json", "--instructions", "--clients", "5", "--sessions", "100", "--pairs", "1", "--rounds",
                "1",
            ])
            let count = try #require(result.instructions)
            let ratio = count.front / count.reference
            #expect(ratio <= 1.5 && ratio > 0.2, "\(ratio) times the instructions of plain C")
            #expect(count.trunk > 50 && count.trunk < 700, "\(count.trunk) instructions an input")
        }

        @Test("An input takes no reference at the front, and in the back the one by which the application may keep it")
        func retains() throws {
            let count: CountCommand.Retains = try BenchProcess.result(["bench-count", "retains"])
            #expect(count.front < 0.05, "\(count)")
            // At least the one: the counter counts.
            #expect(count.back >= 1 && count.back <= 1.5, "\(count)")
        }

        @Test("Closing a row takes at most 1.5 times the instructions of plain C") func closing() throws {
            struct Result: Decodable {
                let closingInstructions: ClosingInstructions?
            }
            let (output, status) = try BenchProcess.run(["state", "--json", "--instructions", "--pairs", "1"])
            #expect(status == 0)
            let count = try #require(JSONDecoder().decode(Result.self, from: Data(output)).closingInstructions)
            #expect(count.reference > 50)
            #expect(count.ratio <= 1.5, "\(count)")
        }
    #endif

    @Test("The counters count") func counters() throws {
        let check: CountCommand.Check = try BenchProcess.result(["bench-count", "check"])
        #expect(check.instructions > 0 && check.changed == 0, "the work is done in a copy")
        #expect(check.systemCalls == 0)
    }
}
