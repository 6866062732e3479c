import Glibc
import Testing
import Loop

@Suite struct ProcessTests {
    @Test(
        "A child's exit is told once, with its status or the signal",
        arguments: [
            ("exit 0", Int64(0), Int32(0)), ("exit 7", 7, 0), ("kill -9 $$", 0, SIGKILL),
            ("kill -15 $$; exit 1", 0, SIGTERM),
        ])
    func exit(_ script: String, _ status: Int64, _ signal: Int32) throws {
        try withLoop { loop in
            var told: [(Int64, Int32)] = []
            let child = try shell(script, on: loop) { told.append(($0, $1)) }
            #expect(child.pid > 0 && child.isRunning)
            try loop.wait(for: "the exit") { !told.isEmpty }
            #expect(told.count == 1 && told[0] == (status, signal))
            #expect(!child.isRunning)
            child.signal(SIGKILL)
            child.close()
        }
    }

    @Test("A child is signalled") func signalled() throws {
        try withLoop { loop in
            var told: Int32?
            let wait = try Descriptors.pipe()
            let child = try shell("read x", inheriting: [(child: 0, ours: wait.reading)], on: loop) { told = $1 }
            child.signal(SIGKILL)
            try loop.wait(for: "the exit") { told != nil }
            #expect(told == SIGKILL)
            Descriptors.close(wait.reading)
            Descriptors.close(wait.writing)
        }
    }

    @Test("A child gets its arguments, its environment and the descriptors listed, and no others of ours")
    func inherited() throws {
        try withLoop { loop in
            let pipe = try Descriptors.pipe()
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            let ours = [pipe.reading, pipe.writing, listener.descriptor]
            let numbers = ours.filter { $0 > 9 }.map(String.init).joined(separator: " ")
            let script = """
                echo "$1 $A [$B] [$LANG]" >&5
                for fd in \(numbers); do [ -e /proc/self/fd/$fd ] && echo open >&5; done
                [ -e /proc/self/fd/4 ] && echo gap >&5
                readlink /proc/self/fd/0 >&5
                """
            var isOver = false
            _ = try ChildProcess.spawn(
                executable: "/bin/sh", arguments: ["-c", script, "sh", "first"],
                environment: ["A": "1 2=3", "B": "", "PATH": "/usr/bin:/bin"],
                inheriting: [(child: 5, ours: pipe.writing)],
                detached: true, on: loop
            ) { _, _ in isOver = true }
            Descriptors.close(pipe.writing)
            try loop.wait(for: "the exit") { isOver }
            #expect(readAll(pipe.reading) == "first 1 2=3 [] []\n/dev/null\n")
        }
    }

    @Test("A missing executable is an error of spawn") func missing() throws {
        try withLoop { loop in
            let error = #expect(throws: LoopError.self) {
                _ = try ChildProcess.spawn(
                    executable: "/nonexistent/program", arguments: [], environment: [:], on: loop
                ) { _, _ in }
            }
            #expect(error?.name == "ENOENT")
        }
    }

    @Test("A child that has a stream of ours speaks through it") func socketForChild() throws {
        try withLoop { loop in
            let (ours, theirs) = try Descriptors.socketPair()
            let end = RealEnd()
            var exited = false
            end.stream = try Stream(accepted: ours, on: loop, owner: end)
            _ = try shell("echo hello >&3", inheriting: [(child: 3, ours: theirs)], on: loop) { _, _ in exited = true }
            Descriptors.close(theirs)
            try loop.wait(for: "the end") { end.log.isOver && exited }
            #expect(String(decoding: end.log.bytes, as: UTF8.self) == "hello\n")
            #expect(end.log.ends == [.ended])
        }
    }

    @Test("A lifeline ends when its last holder is gone, not before") func lifeline() throws {
        try withLoop { loop in
            let pipe = try Descriptors.pipe()
            let wait = try Descriptors.pipe()
            defer {
                Descriptors.close(wait.reading)
                Descriptors.close(wait.writing)
            }
            var endCount = 0
            var exited = false, holderExited = false
            let watcher = try DescriptorWatcher(pipe.reading, on: loop) { endCount += 1 }
            let child = try shell("echo alive >&3; read x <&3", inheriting: [(child: 3, ours: pipe.writing)], on: loop)
            { _, _ in
                exited = true
            }
            let inherited = [(child: Int32(3), ours: pipe.writing), (child: 0, ours: wait.reading)]
            let holder = try shell("read x", inheriting: inherited, on: loop) { _, _ in holderExited = true }
            Descriptors.close(pipe.writing)
            try loop.wait(for: "the first holder's exit") { exited }
            #expect(endCount == 0)
            holder.signal(SIGKILL)
            try loop.wait(for: "the end") { endCount > 0 && holderExited }
            #expect(endCount == 1)
            watcher.close()
            child.close()
        }
    }

    @Test("A signal is told on the loop until its watcher is closed") func signals() throws {
        try withLoop { loop in
            var count = 0, otherCount = 0
            let watcher = try SignalWatcher(SIGUSR2, on: loop) { count += 1 }
            let other = try SignalWatcher(SIGUSR2, on: loop) { otherCount += 1 }
            kill(getpid(), SIGUSR2)
            try loop.wait(for: "the signal") { count == 1 && otherCount == 1 }
            watcher.close()
            kill(getpid(), SIGUSR2)
            try loop.wait(for: "the signal at the other") { otherCount == 2 }
            #expect(count == 1)
            other.close()
        }
    }

    @Test("What cannot be caught is an error", arguments: [SIGKILL, SIGSTOP, 0, 999])
    func badSignal(_ number: Int32) throws {
        try withLoop { loop in
            #expect(throws: LoopError.self) { _ = try SignalWatcher(number, on: loop) {} }
        }
    }

    private func shell(
        _ script: String, inheriting: [(child: Int32, ours: Int32)] = [], on loop: EventLoop,
        onExit: @escaping (Int64, Int32) -> Void
    ) throws -> ChildProcess {
        try .spawn(
            executable: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"],
            inheriting: inheriting,
            on: loop, onExit: onExit)
    }

    /// Reads to the end and closes.
    private func readAll(_ descriptor: Int32) -> String {
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            text += buffer[..<count]
        }
        Descriptors.close(descriptor)
        return String(decoding: text, as: UTF8.self)
    }
}
