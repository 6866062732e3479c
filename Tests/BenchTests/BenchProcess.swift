import Bench
import FoundationEssentials
import Glibc
import Loop
import Testing

/// The bench command as a process of its own.
enum BenchProcess {
    /// It did not come to an end, or said something that is no result: with all that it said.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What the command says with `--json`.
    static func result<T: Decodable>(_ arguments: [String], as type: T.Type = T.self) throws -> T {
        let (output, status) = try run(arguments)
        do {
            guard status == 0 else { throw Failure(description: "exit code \(status)") }
            return try JSONDecoder().decode(type, from: Data(output))
        } catch {
            throw Failure(
                description: "bench \(arguments.joined(separator: " ")) ended with \(status) and said "
                    + "'\(String(decoding: output.prefix(2000), as: UTF8.self))': \(error)")
        }
    }

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
        ) { code, signal in status = signal == 0 ? code : 128 + Int64(signal) }
        Descriptors.close(output.writing)
        defer { child.signal(SIGKILL) }
        // It is read while it runs: a pipe holds little. A machine under load takes its time; only a hang takes this long.
        _ = fcntl(output.reading, F_SETFL, O_NONBLOCK)
        let bound = ContinuousClock.now + .seconds(300)
        var bytes: [UInt8] = []
        while true {
            let isOver = try loop.runTurns(until: { status != nil }, withinMilliseconds: 20)
            try take(output.reading, into: &bytes)
            if isOver { break }
            guard ContinuousClock.now < bound else {
                throw Failure(description: "bench \(arguments.joined(separator: " ")) did not end within 300 s")
            }
        }
        return (bytes, status ?? -1)
    }

    /// All that is there.
    private static func take(_ pipe: Int32, into bytes: inout [UInt8]) throws {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(pipe, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer[..<count]
            } else if count == 0 || errno == EAGAIN {
                return
            } else if errno != EINTR {
                throw Failure(description: "reading from it failed: \(errno)")
            }
        }
    }
}
