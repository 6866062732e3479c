import Core

/// One process of a simulated world: it has streams and a clock of its own, may be stalled, and is gone when it is killed.
package class SimulatedProcess {
    package let pid: Int32
    package let name: String
    /// Tells it from a later process with the same pid.
    let startTime: UInt64
    private(set) var isAlive = true
    /// Until then it does nothing, while its kernel goes on.
    private(set) var stalledUntil: Instant?
    /// What its monotonic clock is ahead of the world's.
    private(set) var clockLead: Duration
    let scheduler: Scheduler
    private let network: SimulatedNetwork
    private var streams: [ObjectIdentifier: (order: UInt64, stream: SimulatedStream)] = [:]
    private var streamCount: UInt64 = 0
    /// Directives that it may still carry out before it is killed; nil if nobody means it harm.
    private var directivesLeft: Int?
    private var armed: (at: Instant, body: () -> Void)?
    private var armedCount: UInt64 = 0
    /// Called once when it is gone, with whether it was its own wish.
    var onExit: ((_ exit: ProcessExit) -> Void)?

    init(pid: Int32, name: String, _ scheduler: Scheduler, _ network: SimulatedNetwork, clockLead: Duration) {
        self.pid = pid
        self.name = name
        self.scheduler = scheduler
        self.network = network
        self.clockLead = clockLead
        startTime = scheduler.now.nanoseconds / 10_000_000 + 1
    }

    /// What its own clock says.
    var now: Instant { scheduler.now + clockLead }

    // MARK: What is done to it

    /// `kill -9`: what its kernel holds is still delivered, nothing else.
    func crash() { exit(.signal(9)) }

    func crash(afterDirectives count: Int) { directivesLeft = count }

    func stall(_ duration: Duration) { stalledUntil = scheduler.now + duration }

    func wake() { stalledUntil = nil }

    var isStalled: Bool { stalledUntil.map { $0 > scheduler.now } ?? false }

    /// Its monotonic clock goes on further on, as after a machine that slept.
    func jumpClock(_ duration: Duration) {
        clockLead += duration
        guard let armed else { return }
        self.armed = nil
        arm(armed.at, armed.body)
    }

    func exit(_ exit: ProcessExit) {
        guard isAlive else { return }
        isAlive = false
        directivesLeft = nil
        stalledUntil = nil
        network.stopListening(by: self)
        for one in streams.values.sorted(by: { $0.order < $1.order }) { one.stream.abandon() }
        streams = [:]
        onExit?(exit)
        onExit = nil
        ended()
    }

    /// For subclasses: let go of what holds others.
    func ended() {}

    // MARK: What it does

    /// To be asked after each directive: false when the process is gone, and must not do anything more.
    func mayGoOn() -> Bool {
        guard isAlive else { return false }
        guard let left = directivesLeft else { return true }
        directivesLeft = left - 1
        guard left <= 0 else { return true }
        crash()
        return false
    }

    /// Calls `body` at a time of its own clock; a later call takes the place of an earlier one.
    func arm(_ deadline: Instant?, _ body: @escaping () -> Void) {
        guard deadline != armed?.at else { return }
        armedCount += 1
        guard let deadline else {
            armed = nil
            return
        }
        armed = (deadline, body)
        let count = armedCount
        scheduler.after(max(.zero, deadline.since(now)), for: self) { [weak self] in
            guard let self, self.armedCount == count else { return }
            self.armed = nil
            body()
        }
    }

    func own(_ stream: SimulatedStream) {
        streamCount += 1
        streams[ObjectIdentifier(stream)] = (streamCount, stream)
    }

    func disown(_ stream: SimulatedStream) { streams[ObjectIdentifier(stream)] = nil }

    /// Its streams, oldest first.
    var openStreams: [SimulatedStream] { streams.values.sorted { $0.order < $1.order }.map(\.stream) }

    /// Forgets everything, so that memory is given back.
    func release() {
        for one in streams.values { one.stream.forget() }
        streams = [:]
        onExit = nil
        armed = nil
        ended()
    }
}
