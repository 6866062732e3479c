import CProcess
import Glibc

/// A pipe that no child inherits by accident.
enum Pipe {
    /// The end to read from, and the end to write to.
    static func make() throws -> [Int32] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Failure("no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return ends
    }
}

/// A program that the test started: its standard output by lines, its standard error in a file.
final class Spawned {
    let pid: pid_t
    private let output: Int32
    private var pending: [UInt8] = []
    private var exitCode: Int32?

    /// - Parameters:
    ///   - lifeline: handed on as descriptor 3, which SWITCHBACK_LIFELINE names.
    ///   - errors: the file that standard error is appended to.
    init(_ arguments: [String], environment: [String: String] = [:], lifeline: Int32? = nil, errors: String) throws {
        let ends = try Pipe.make()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if let lifeline { posix_spawn_file_actions_adddup2(&actions, lifeline, 3) }
        var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 }
        if lifeline != nil { variables["SWITCHBACK_LIFELINE"] = "3" }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for word in words + settings { free(word) } }
        var pid: pid_t = 0
        let outcome = posix_spawn(&pid, arguments[0], &actions, nil, &words, &settings)
        close(ends[1])
        output = ends[0]
        self.pid = pid
        guard outcome == 0 else { throw Failure("\(arguments[0]): \(String(cString: strerror(outcome)))") }
    }

    deinit { close(output) }

    /// The next line of standard output; nil at its end.
    func line(within duration: Duration = .seconds(20)) throws -> String? {
        let bound = Bound(duration)
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeSubrange(...end) }
                return String(decoding: pending[..<end], as: UTF8.self)
            }
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, bound.milliseconds) > 0 else { throw Failure("no line within \(duration)") }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { return nil }
            pending.append(contentsOf: buffer[..<count])
        }
    }

    /// All of standard output until its end.
    func text() throws -> String {
        var lines = ""
        while let line = try line() { lines += line + "\n" }
        return lines
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for the end and answers the exit code; 128 and the signal if one ended it.
    @discardableResult
    func end(within duration: Duration = .seconds(15)) throws -> Int32 {
        if let exitCode { return exitCode }
        guard Spawned.awaitEnd(of: pid, Bound(duration)) else { throw Failure("pid \(pid) still runs after \(duration)") }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
        exitCode = code
        return code
    }

    /// Waits until a process is gone, whosever child it is. False if it is not in time.
    static func awaitEnd(of pid: pid_t, _ bound: Bound) -> Bool {
        let descriptor = pidfd_open(pid, 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, bound.milliseconds) > 0
    }

    /// Runs a program to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (code: Int32, output: String, errors: String) {
        let errors = "/tmp/switchback-test-errors-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(errors) }
        let program = try Spawned(arguments, environment: environment, errors: errors)
        let output = try program.text()
        return (try program.end(), output, Files.text(errors))
    }
}
