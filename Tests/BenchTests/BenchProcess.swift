import Bench
import FoundationEssentials
import Glibc
import Loop
import Testing

/// The bench command as a process of its own.
enum BenchProcess {
    /// Runs the command beside this test's own executable. It ends with us: it watches a lifeline that we hold.
    static func run(_ arguments: [String]) throws -> (output: [UInt8], status: Int64) {
        let loop = try EventLoop()
        let output = try Descriptors.pipe()
        let lifeline = try Descriptors.pipe()
        defer { for one in [output.reading, lifeline.reading, lifeline.writing] { Descriptors.close(one) } }
        var status: Int64?
        let path = BenchExecutable.beside(BenchExecutable.own, "bench")
        var environment = ProcessInfo.processInfo.environment
        environment["SWITCHBACK_LIFELINE"] = "3"
        let child = try ChildProcess.spawn(
            executable: path, arguments: arguments, environment: environment,
            inheriting: [(1, output.writing), (3, lifeline.reading)], on: loop
        ) { code, _ in status = code }
        Descriptors.close(output.writing)
        defer { child.signal(SIGKILL) }
        let isOver = try loop.runTurns(until: { status != nil }, withinMilliseconds: 60_000)
        #expect(isOver, "the benchmark did not end within 60 s")
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while isOver {
            let count = read(output.reading, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        return (bytes, status ?? -1)
    }
}
