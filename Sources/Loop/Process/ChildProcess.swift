import CUV

/// A process that this one started. It outlives its starter; when it ends while the loop lives, `onExit` is told.
package final class ChildProcess: HandleOwner {
    private enum Life { case running, exited, closed }

    /// The process id. After the exit the number may belong to someone else; `signal` knows, others have to.
    package let pid: Int32
    private let loop: EventLoop
    private let memory: HandleMemory<uv_process_t>
    private var life = Life.running
    private var onExit: (Int64, Int32) -> Void

    /// Starts a program. It gets the given environment and nothing of ours, /dev/null as its input, our output and error
    /// streams, default signal handling, and of our other descriptors only those listed.
    ///
    /// - Parameters:
    ///   - executable: a path, or a name to be looked up in the PATH of `environment`.
    ///   - arguments: without the program's own name, which is `executable`.
    ///   - inheriting: which descriptor of ours becomes which of the child's, usually 3 and up (1 and 2 replace
    ///     the output and error streams); ours stays open here.
    ///   - detached: true puts it into a session of its own, so that a terminal's signals do not reach it.
    ///   - onExit: its exit status, and the signal that ended it or 0. Called once, on the loop; never when the loop ends first.
    /// - Throws: `LoopError` when it cannot be started, a missing executable included.
    package static func spawn(
        executable: String, arguments: [String], environment: [String: String],
        inheriting: [(child: Int32, ours: Int32)] = [], detached: Bool = false, on loop: EventLoop,
        onExit: @escaping (_ exitStatus: Int64, _ signal: Int32) -> Void
    ) throws(LoopError) -> ChildProcess {
        let memory = HandleMemory<uv_process_t>()
        let answer = withSpawnOptions(executable, arguments, environment, inheriting) { options in
            options.flags = detached ? UInt32(UV_PROCESS_DETACHED.rawValue) : 0
            options.exit_cb = { handle, exitStatus, signal in
                owner(handle?.pointee.data, as: ChildProcess.self)?.exited(exitStatus, signal)
            }
            return uv_spawn(loop.raw, memory.raw, &options)
        }
        guard answer == 0 else {
            // libuv has made the handle even so; nobody owns it.
            uv_close(memory.handle) { HandleBlock.free($0) }
            throw LoopError("spawn", code: answer)
        }
        return ChildProcess(memory, on: loop, onExit: onExit)
    }

    private init(_ memory: HandleMemory<uv_process_t>, on loop: EventLoop, onExit: @escaping (Int64, Int32) -> Void) {
        self.memory = memory
        self.loop = loop
        self.onExit = onExit
        pid = memory.raw.pointee.pid
        memory.adopt(self)
    }

    package var isRunning: Bool { life == .running }

    /// Sends a signal. Nothing happens once the process has exited.
    package func signal(_ number: Int32) {
        guard life == .running else { return }
        uv_process_kill(memory.raw, number)
    }

    /// Looks away: the process goes on, `onExit` is not called any more, and its exit is not collected before ours.
    package func close() {
        guard life != .closed else { return }
        life = .closed
        onExit = { _, _ in }
        memory.close()
    }

    func closeWithLoop() { close() }

    private func exited(_ exitStatus: Int64, _ signal: Int32) {
        loop.noteCallback()
        guard life == .running else { return }
        life = .exited
        let told = onExit
        close()
        told(exitStatus, signal)
    }
}
