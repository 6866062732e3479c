import Glibc

/// A program that the rig started: its standard output by lines, its standard error in a file.
final class Program {
    let pid: pid_t
    private let output: Int32
    private var pending: [UInt8] = []

    /// - Parameters:
    ///   - lifeline: handed on as descriptor 3, which SWITCHBACK_LIFELINE names.
    ///   - log: the file that standard error is appended to.
    init(_ arguments: [String], lifeline: Int32?, log: String) throws(RigFailure) {
        let ends = try RigFailure.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends.writing, 1)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if let lifeline { posix_spawn_file_actions_adddup2(&actions, lifeline, 3) }
        // A group of its own: Ctrl-C in the terminal is for the rig, which then ends what it started.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        var variables = ["PATH=\(getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin")"]
        if lifeline != nil { variables.append("SWITCHBACK_LIFELINE=3") }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for word in words + settings { free(word) } }
        var pid: pid_t = 0
        let outcome = posix_spawn(&pid, arguments[0], &actions, &attributes, &words, &settings)
        close(ends.writing)
        output = ends.reading
        self.pid = pid
        guard outcome == 0 else { throw RigFailure("\(arguments[0]): \(String(cString: strerror(outcome)))") }
    }

    deinit { close(output) }

    /// The next line of standard output; nil at its end, or when none comes in time.
    func line(withinMilliseconds bound: Int32) -> String? {
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending.removeSubrange(...end) }
                return String(decoding: pending[..<end], as: UTF8.self)
            }
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, bound) > 0 else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { return nil }
            pending.append(contentsOf: buffer[..<count])
        }
    }

    /// Collects it once it has ended. False if it still runs.
    func collect() -> Bool {
        var status: Int32 = 0
        return waitpid(pid, &status, WNOHANG) != 0
    }
}
