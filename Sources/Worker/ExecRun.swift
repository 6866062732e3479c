import Glibc
import Loop
import Synchronization

/// One run of a job by a command, in any language: the job as JSON on its standard input, the page from its standard output.
///
/// The command is run by `/bin/sh -c` in a process group of its own, with the kind, the key and the attempt in its environment too.
/// An exit code other than 0 is a failed run; what it wrote to standard error goes where ours goes.
package final class ExecRun: Sendable {
    private enum Phase {
        case starting
        case running(pid_t)
        case cancelled
        case over
    }

    private static let spawning = Mutex(())
    private let phase = Mutex(Phase.starting)
    private let command: String
    private let contentType: String
    private let contentLimit: Int

    package init(_ command: String, contentType: String, contentLimit: Int) {
        self.command = command
        self.contentType = contentType
        self.contentLimit = contentLimit
    }

    /// Ends the command and all it started.
    package func cancel() {
        let pid: pid_t? = phase.withLock { phase in
            switch phase {
            case .running(let pid): return pid
            case .starting:
                phase = .cancelled
                return nil
            case .cancelled, .over: return nil
            }
        }
        if let pid { kill(-pid, SIGKILL) }
    }

    /// Runs it on the calling thread and answers when it has ended.
    package func run(_ job: Job) -> Result<[Page], WorkerFailure> {
        guard let input = Self.file(of: ExecInput.text(of: job)) else {
            return .failure(WorkerFailure("no temporary file for the job"))
        }
        defer { fclose(input) }
        guard let (output, spawned) = Self.spawning.withLock({ _ in begin(job, fileno(input)) }) else {
            return .failure(WorkerFailure("no pipe"))
        }
        close(output[1])
        guard let pid = spawned else {
            close(output[0])
            return .failure(WorkerFailure("the command was not started"))
        }
        let content = read(output[0])
        close(output[0])
        return answer(pid, content)
    }

    /// A file without a name, read from its start: a command that does not read its job is not waited for, however large it is.
    private static func file(of text: String) -> UnsafeMutablePointer<FILE>? {
        guard let file = tmpfile() else { return nil }
        _ = fcntl(fileno(file), F_SETFD, FD_CLOEXEC)
        let bytes = Array(text.utf8)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0,
            lseek(fileno(file), 0, SEEK_SET) == 0
        else {
            fclose(file)
            return nil
        }
        return file
    }

    private func answer(_ pid: pid_t, _ content: [UInt8]?) -> Result<[Page], WorkerFailure> {
        if content == nil { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        phase.withLock { $0 = .over }
        guard let content else { return .failure(WorkerFailure("the page has more than \(contentLimit) bytes")) }
        let signal = status & 0x7F
        guard signal == 0 else { return .failure(WorkerFailure("the command was ended by signal \(signal)")) }
        let code = (status >> 8) & 0xFF
        guard code == 0 else { return .failure(WorkerFailure("the command ended with code \(code)")) }
        return .success([Page(content, contentType: contentType)])
    }

    /// The pipe and the process, nil in its place if it was not started. Under the lock: until the pipe's ends close at an exec,
    /// no other run may be started, or it would hold them open.
    private func begin(_ job: Job, _ input: Int32) -> (output: [Int32], pid: pid_t?)? {
        var output: [Int32] = [-1, -1]
        guard pipe(&output) == 0 else { return nil }
        for end in output { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let pid = phase.withLock { phase -> pid_t? in
            guard case .starting = phase, let pid = spawn(job, input, output[1]) else { return nil }
            phase = .running(pid)
            return pid
        }
        return (output, pid)
    }

    /// Nil if there is more than the limit.
    private func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += part[..<count]
            guard bytes.count <= contentLimit else { return nil }
        }
    }

    private func spawn(_ job: Job, _ input: Int32, _ output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        posix_spawnattr_setpgroup(&attributes, 0)
        let arguments: [UnsafeMutablePointer<CChar>?] =
            ["/bin/sh", "-c", command].map { (text: String) in strdup(text) } + [nil]
        let environment: [UnsafeMutablePointer<CChar>?] =
            ExecInput.environment(of: job).map { (text: String) in strdup(text) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var pid: pid_t = 0
        return posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, environment) == 0 ? pid : nil
    }
}
