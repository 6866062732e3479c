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

    /// What a tick costs a front that sends 100 KiB a second to many readers, with and without one who takes 1 KiB a second.
    package struct SlowReader: Codable, Sendable {
        package var readers = 200
        package var ticks = 110
        package var instructionsWithout = 0.0
        package var instructionsWith = 0.0
        /// Each is one system call of the shell.
        package var writesWithout = 0.0
        package var writesWith = 0.0
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
        func count(_ withSlowReader: Bool) throws -> (instructions: Double, writes: Double) {
            func front() throws -> FrontFanOut {
                let front = try FrontFanOut(
                    readers: result.readers, withSlowReader: withSlowReader, past: .seconds(15),
                    ticks: result.ticks + 40)
                // Past what its first ticks grow.
                front.run(40)
                return front
            }
            let (stepped, run) = (try front(), try front())
            let before = run.written.writes
            run.run(result.ticks)
            return (
                Double(try InstructionCount.instructions { stepped.run(result.ticks) }) / Double(result.ticks),
                Double(run.written.writes - before) / Double(result.ticks)
            )
        }
        (result.instructionsWithout, result.writesWithout) = try count(false)
        (result.instructionsWith, result.writesWith) = try count(true)
        return result
    }
}
