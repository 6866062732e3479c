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

    /// What a tick costs a front that sends 100 KiB a second to many readers, with and without one more who takes 1 KiB a second.
    package struct SlowReader: Codable, Sendable {
        package var readers = 200
        /// Of so many ticks the slow reader takes a squash at one.
        package var ticksOfASquash = 0
        package var instructionsWithout = 0.0
        /// At a tick at which the slow reader waits, and at the one at which it has room again.
        package var instructionsWaiting = 0.0
        package var instructionsDrained = 0.0
        /// Each write is one system call of the shell.
        package var writesWithout = 0.0
        package var writesWith = 0.0
        package var instructionsWith: Double {
            instructionsWaiting + (instructionsDrained - instructionsWaiting) / Double(max(1, ticksOfASquash))
        }
    }

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        do {
            switch arguments.first {
            case "check": print(try JSONOutput.text(of: check()), terminator: "")
            case "slow-reader": print(try JSONOutput.text(of: slowReader()), terminator: "")
            default: return BenchCommand.complain("bench-count needs one of: check, slow-reader", 2)
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
        func average(_ front: FrontFanOut) throws -> Double {
            Double(try InstructionCount.instructions { front.run(stepped) }) / Double(stepped)
        }
        let without = try front(false)
        result.instructionsWithout = try average(without)
        let before = without.written.writes
        without.run(10)
        result.writesWithout = Double(without.written.writes - before) / 10
        // From the tick before a squash to the next one.
        let with = try front(true)
        while !with.isAboutToDrain { with.run(1) }
        result.instructionsDrained = Double(try InstructionCount.instructions { with.run(1) })
        let start = with.written.writes
        repeat {
            with.run(1)
            result.ticksOfASquash += 1
            if result.ticksOfASquash == 10 { result.instructionsWaiting = try average(with) }
        } while !with.isAboutToDrain && result.ticksOfASquash < room
        result.writesWith = Double(with.written.writes - start) / Double(result.ticksOfASquash)
        return result
    }
}
