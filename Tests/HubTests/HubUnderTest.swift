import Glibc
import Hub
import Loop
import Testing

/// The real `hub` executable in a folder of its own, with its output in files, driven from one loop.
final class HubUnderTest {
    let folder: TemporaryFolder
    private let loop: EventLoop
    private var children: [ChildProcess] = []
    private var exits: [Int32: Int64] = [:]
    private var lifelines: [Int32] = []

    init() throws {
        folder = try TemporaryFolder()
        loop = try EventLoop()
    }

    deinit {
        for child in children where child.isRunning { child.signal(SIGTERM) }
        _ = try? wait(60_000) { self.children.allSatisfy { !$0.isRunning } }
    }

    /// Where the package's executables are: beside the test's own.
    static var binaries: String {
        var path = [UInt8](repeating: 0, count: 4096)
        let count = path.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink("/proc/self/exe", $0, buffer.count) } ?? 0
        }
        let own = String(decoding: path[..<max(0, count)], as: UTF8.self)
        // The test bundle is loaded by the toolchain's helper, which is told its path.
        let bundle = CommandLine.arguments.first { $0.hasSuffix("PackageTests.xctest") } ?? own
        return String(bundle[..<(bundle.lastIndex(of: "/") ?? bundle.startIndex)])
    }

    /// Starts `hub` with these arguments; `out` and `err` of the folder get what it says. Answers its pid.
    @discardableResult
    func start(_ arguments: [String], output: String = "out", lifeline: Bool = false) throws -> Int32 {
        var environment = ["PATH": "/usr/bin:/bin", "HUB": Self.binaries + "/hub", "DIR": folder.path]
        var inheriting: [(child: Int32, ours: Int32)] = []
        if lifeline {
            let pipe = try Descriptors.pipe()
            lifelines = [pipe.reading, pipe.writing]
            inheriting = [(child: 3, ours: pipe.reading)]
            environment["SWITCHBACK_LIFELINE"] = "3"
        }
        let line = #"exec "$HUB" "$@" >"$DIR/\#(output)" 2>"$DIR/\#(output).err""#
        let exited: (Int32) -> (Int64, Int32) -> Void = { pid in
            { [weak self] status, signal in self?.exits[pid] = signal == 0 ? status : -Int64(signal) }
        }
        var pid: Int32 = 0
        let child = try ChildProcess.spawn(
            executable: "/bin/sh", arguments: ["-c", line, "sh"] + arguments, environment: environment,
            inheriting: inheriting, on: loop
        ) { exited(pid)($0, $1) }
        pid = child.pid
        children.append(child)
        return pid
    }

    /// The arguments of `hub run` in this folder.
    func run(_ more: String...) -> [String] {
        ["run", "--listen", "127.0.0.1:0", "--state", folder.path + "/state", "--runtime", folder.path + "/run"] + more
    }

    func signal(_ pid: Int32, _ number: Int32) { children.first { $0.pid == pid }?.signal(number) }

    /// Ends the lifeline: nobody holds its writing end any more.
    func cutLifeline() {
        for descriptor in lifelines { Descriptors.close(descriptor) }
        lifelines = []
    }

    /// The exit status, negative for a signal; nil while it runs.
    func exit(of pid: Int32) -> Int64? { exits[pid] }

    /// Waits until the condition holds, looking every 10 ms because files and other processes do not wake a loop.
    @discardableResult
    func wait(_ milliseconds: UInt64 = 20_000, _ condition: () -> Bool) throws -> Bool {
        var again: Timer?
        let timer = try Timer(on: loop) { again?.arm(afterMilliseconds: 10) }
        again = timer
        timer.arm(afterMilliseconds: 10)
        defer {
            timer.close()
            again = nil
        }
        return try loop.runTurns(until: condition, withinMilliseconds: milliseconds)
    }

    /// The address in the line that says what is served.
    var servedAddress: String? {
        folder.lines("out").first { $0.contains("serving http://") }
            .flatMap { $0.split(separator: "/").dropFirst().first.map(String.init) }
    }
}
