/// `bench-count WHAT`: counts of machine instructions, in a process of its own. The copy that is stepped through is made of one
/// thread; where others held locks it would wait for them, and count that.
package enum CountCommand {
    /// Whether counting works here.
    package struct Check: Codable, Sendable {
        package var instructions: Int
        package var systemCalls: Int
        /// What the work changed in this process: nothing, as a copy did it.
        package var changed: Int
    }

    /// References taken for one more input, on its way through a front and through a back.
    package struct Retains: Codable, Sendable {
        package var front: Double
        package var back: Double
    }

    /// What a tick costs a front that sends 100 KiB a second to many readers, with and without one more who takes 1 KiB a second.
    package struct SlowReader: Codable, Sendable {
        package var readers = 200
        /// Of so many ticks the slow reader takes a squash at one.
        package var ticksOfASquash = 0
        package var instructionsWithout = 0.0
        /// How many more a tick takes while the slow reader waits, and the one at which it has room again.
        package var moreWhileItWaits = 0.0
        package var moreAtASquash = 0.0
        /// Each write is one system call of the shell.
        package var writesWithout = 0.0
        package var writesWith = 0.0
        package var instructionsWith: Double {
            let ticks = Double(max(1, ticksOfASquash))
            return instructionsWithout + (moreWhileItWaits * (ticks - 1) + moreAtASquash) / ticks
        }
    }

    /// What a tick costs a front for each of many readers, in memory.
    package struct Deliveries: Codable, Sendable {
        package var readers = 0
        /// Instructions for one reader and tick: of one channel, the same with an ack of its own, of 16 channels.
        package var idle = 0.0
        package var acked = 0.0
        package var burst = 0.0
        /// Writes for one reader and tick, of each.
        package var idleWrites = 0.0
        package var ackedWrites = 0.0
        package var burstWrites = 0.0
        /// The most writes in one turn of the loop.
        package var writesOfATurn = 0
    }

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        do {
            switch arguments.first {
            case "check": print(try JSONOutput.text(of: check()), terminator: "")
            case "retains": print(try JSONOutput.text(of: retains()), terminator: "")
            case "slow-reader": print(try JSONOutput.text(of: slowReader()), terminator: "")
            case "deliveries": print(try JSONOutput.text(of: deliveries()), terminator: "")
            default:
                return BenchCommand.complain("bench-count needs one of: check, retains, slow-reader, deliveries", 2)
            }
            return 0
        } catch {
            return BenchCommand.complain("\(error)", 1)
        }
    }

    private static func check() throws -> Check {
        var sum = 0
        let instructions = try InstructionCount.instructions { for number in 0..<100 { sum &+= number } }
        return Check(instructions: instructions, systemCalls: try InstructionCount.systemCalls {}, changed: sum)
    }

    private static func retains() throws -> Retains {
        let clients = 4
        func front(_ perRead: Int) throws -> Int {
            let ingest = try FrontIngest(clients: clients, inputsPerRead: perRead, bytes: 64)
            for _ in 0..<5 { ingest.product() }
            return try InstructionCount.retains { ingest.product() }
        }
        let trunk = try TrunkIngest(sessions: 50, bytes: 64)
        func back(_ inputs: Int) throws -> Int {
            for _ in 0..<3 {
                trunk.prepare(inputs)
                trunk.run()
            }
            trunk.prepare(inputs)
            return try InstructionCount.retains { trunk.run() }
        }
        return Retains(
            front: Double(try front(128) - front(8)) / Double(clients * 120),
            back: Double(try back(1000) - back(200)) / 800)
    }

    private static func deliveries() throws -> Deliveries {
        var result = Deliveries()
        let (readers, ticks) = (500, 4)
        result.readers = readers
        func count(channels: Int, wantsAcks: Bool) throws -> (instructions: Double, writes: Double) {
            let front = try FrontDeliveries(
                readers: readers, channels: channels, wantsAcks: wantsAcks, ticks: 10 + 2 * ticks)
            front.run(10)
            let instructions = try InstructionCount.instructions { front.run(ticks) }
            let before = front.written.writes
            front.run(ticks)
            result.writesOfATurn = max(result.writesOfATurn, front.written.writesOfATurn)
            let deliveries = Double(readers * ticks)
            return (Double(instructions) / deliveries, Double(front.written.writes - before) / deliveries)
        }
        (result.idle, result.idleWrites) = try count(channels: 1, wantsAcks: false)
        (result.acked, result.ackedWrites) = try count(channels: 1, wantsAcks: true)
        (result.burst, result.burstWrites) = try count(channels: 16, wantsAcks: false)
        return result
    }

    private static func slowReader() throws -> SlowReader {
        var result = SlowReader()
        let (stepped, room) = (4, 130)
        func front(_ withSlowReader: Bool) throws -> FrontFanOut {
            let front = try FrontFanOut(
                readers: result.readers, withSlowReader: withSlowReader, past: .seconds(14), ticks: 2 * room)
            // Past what its first ticks grow.
            front.run(10)
            return front
        }
        // In step, so that both histories are as long at each count.
        let (without, with) = (try front(false), try front(true))
        func run() {
            without.run(1)
            with.run(1)
        }
        func count(_ ticks: Int) throws -> (without: Double, with: Double) {
            (
                Double(try InstructionCount.instructions { without.run(ticks) }) / Double(ticks),
                Double(try InstructionCount.instructions { with.run(ticks) }) / Double(ticks)
            )
        }
        while !with.isAboutToDrain { run() }
        let drained = try count(1)
        let start = (without.written.writes, with.written.writes)
        // From one squash to the next.
        repeat {
            run()
            result.ticksOfASquash += 1
            if result.ticksOfASquash == 10 {
                let waiting = try count(stepped)
                result.instructionsWithout = waiting.without
                result.moreWhileItWaits = waiting.with - waiting.without
            }
        } while !with.isAboutToDrain && result.ticksOfASquash < room
        result.moreAtASquash = drained.with - drained.without
        let ticks = Double(result.ticksOfASquash)
        result.writesWithout = Double(without.written.writes - start.0) / ticks
        result.writesWith = Double(with.written.writes - start.1) / ticks
        return result
    }
}
