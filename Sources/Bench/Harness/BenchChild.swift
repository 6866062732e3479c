import FoundationEssentials
import Glibc
import Loop

/// A process of the benchmark, and the lines that it prints.
final class BenchChild: StreamOwner {
    let name: String
    private(set) var lines: [String] = []
    /// How it ended; nil while it runs.
    private(set) var end: String?
    private(set) var pid: Int32 = -1
    private var process: ChildProcess?
    private var output: Loop.Stream?
    private var cutter = LineCutter()

    /// Starts it; it ends by itself when nobody holds the other end of `lifeline` any more.
    ///
    /// - Parameter control: a descriptor that becomes its number 4; the caller closes its own.
    init(
        _ name: String, _ executable: String, _ arguments: [String], lifeline: Int32, control: Int32? = nil,
        on loop: EventLoop
    ) throws {
        self.name = name
        let (ours, theirs) = try Descriptors.socketPair()
        defer { Descriptors.close(theirs) }
        output = try Loop.Stream(accepted: ours, on: loop, owner: self)
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SWITCHBACK_") }
        environment["SWITCHBACK_LIFELINE"] = "3"
        environment["SWITCHBACK_LOG_LEVEL"] =
            ProcessInfo.processInfo.environment["SWITCHBACK_LOG_LEVEL"] ?? "warning"
        var inheriting: [(child: Int32, ours: Int32)] = [(1, theirs), (3, lifeline)]
        if let control { inheriting.append((BenchClients.controlDescriptor, control)) }
        let process = try ChildProcess.spawn(
            executable: executable, arguments: arguments, environment: environment, inheriting: inheriting,
            detached: true, on: loop
        ) { [unowned self] status, signal in
            end = signal != 0 ? "ended by signal \(signal)" : "ended with \(status)"
        }
        self.process = process
        pid = process.pid
    }

    func kill() { process?.signal(SIGKILL) }

    /// The address at the end of its first line, as `… connect to 127.0.0.1:4711`.
    var address: String? { lines.first?.split(separator: " ").last.map(String.init) }
    var port: UInt16? { address?.split(separator: ":").last.flatMap { UInt16($0) } }

    func streamOpened(_ stream: Loop.Stream) {}

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        cutter.receive(bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
    }

    func streamDrained(_ stream: Loop.Stream) {}
    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) { output = nil }
}

/// A load generator and what it said.
final class BenchGenerator {
    private(set) var joinedCount = 0
    private(set) var failure: String?
    private(set) var tally: DeliveryTally?
    private(set) var child: BenchChild!
    private var control: ControlSocket!

    init(
        _ name: String, _ executable: String, _ arguments: [String], lifeline: Int32, on loop: EventLoop
    ) throws {
        let (ours, theirs) = try Descriptors.socketPair()
        defer { Descriptors.close(theirs) }
        control = try ControlSocket(ours, on: loop, heard: { [unowned self] in heard($0) }, ended: {})
        child = try BenchChild(
            name, executable, arguments, lifeline: lifeline, control: theirs, on: loop)
    }

    /// How many of its clients are where they are to be, this round.
    var doneCount: Int { tally.map { Int($0.deliveries) } ?? joinedCount }

    /// Tells it what to measure next; what it told before is forgotten.
    func measure(_ window: Window) {
        (tally, joinedCount) = (nil, 0)
        control.say(.measure(start: window.start, end: window.end, period: window.period))
    }

    private func heard(_ line: ControlLine) {
        switch line {
        case .joined(let count): joinedCount = count
        case .failed(let reason): failure = failure ?? reason
        case .tallied(let tally): self.tally = tally
        case .measure: break
        }
    }
}
