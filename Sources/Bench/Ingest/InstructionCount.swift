import Glibc

/// Counts the instructions of a piece of work by running it in a process of its own under valgrind.
enum InstructionCount {
    /// What one more round costs: the work of `more` rounds less that of `few`, so that starting and preparing cancel out.
    static func perRound(
        _ executable: String, _ arguments: (Int) -> [String], few: Int, more: Int
    ) throws -> Double {
        let (low, high) = (try count(executable, arguments(few)), try count(executable, arguments(more)))
        guard high > low else { throw BenchFailure("valgrind counted \(low) and then \(high) instructions") }
        return Double(high - low) / Double(more - few)
    }

    /// All instructions of a run.
    private static func count(_ executable: String, _ arguments: [String]) throws(BenchFailure) -> UInt64 {
        let command = "exec valgrind --tool=callgrind --callgrind-out-file=/dev/null '\(executable)' "
        guard let output = popen(command + arguments.joined(separator: " ") + " 2>&1", "r") else {
            throw BenchFailure("valgrind could not be started: \(String(cString: strerror(errno)))")
        }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&buffer, 1, buffer.count, output)
            if count == 0 { break }
            text += buffer[..<count]
        }
        let status = pclose(output)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        guard status == 0, let digits = lines.last(where: { $0.contains("Collected") })?.split(separator: " ").last,
            let count = UInt64(digits)
        else {
            throw BenchFailure(
                "valgrind did not count; is the package valgrind there?\n\(lines.joined(separator: "\n"))")
        }
        return count
    }
}
