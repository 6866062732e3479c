import Core
import Glibc
import Loop
import Node
import State

/// Moves bytes between the fronts' sockets and the core, and runs its ticks when their slots come. It holds no rules.
final class BackShell: StreamOwner, HubLinkOwner {
    let loop: EventLoop
    private let environment: NodeEnvironment
    private let families: [ChannelFamily]
    private let log: Log
    var core: BackCore
    private let listener: BackListener
    private var acceptor: Acceptor?
    private var grid: GridTimer?
    private var second: Loop.Timer?
    private var hub: HubLink?
    private var watchers: [AnyObject] = []
    private var streams: [TrunkID: Loop.Stream] = [:]
    private var lastTrunk: UInt32 = 0
    private var tickDurations = Histogram()
    private var tickLateness = Histogram()
    private var slowTicks = SlowTicks()
    private var armedAt: Instant?
    /// Refused inputs that were logged.
    private var poisonSeen: UInt64 = 0
    /// Jobs that the hub will never take that were logged.
    private var rejectedSeen: UInt64 = 0

    init(
        _ loop: EventLoop, _ environment: NodeEnvironment, _ listen: SocketAddress, _ families: [ChannelFamily],
        _ options: [UInt8]
    ) throws {
        self.loop = loop
        self.environment = environment
        self.families = families
        log = Log.fromEnvironment(environment.name)
        listener = try BackListener(listen)
        core = BackCore(
            identity: BackCore.Identity(
                name: environment.name, incarnation: Incarnation(rawValue: Entropy.seed()),
                epoch: environment.epoch ?? Epoch(rawValue: 1), key: environment.key),
            families: families, options: options, seed: Entropy.seed())
        core.hasHub = environment.hub != nil
    }

    func start() throws {
        record()
        acceptor = try Acceptor(listener.duplicate(), on: loop) { [unowned self] descriptor, _ in
            self.accepted(descriptor)
        }
        grid = try GridTimer(on: loop) { [unowned self] in self.gridFired() }
        second = try Loop.Timer(on: loop) { [unowned self] in self.secondPassed() }
        second?.arm(afterMilliseconds: 1000)
        try watch()
        if let address = environment.hub {
            let announcement = Announcement(
                role: "back", name: environment.name, pid: getpid(), address: listener.address,
                families: families.map(\.pattern.description), epoch: environment.epoch.map { "\($0)" }, state: "ready")
            hub = HubLink(
                on: loop, to: address, key: environment.key, role: .back, incarnation: core.identity.incarnation,
                announcement: announcement, log: log, owner: self)
            hub?.start()
        } else {
            print("\(environment.name): fronts connect to \(listener.address)")
            fflush(nil)
        }
        log.info("listening", ["address": listener.address, "epoch": "\(core.identity.epoch)"])
    }

    /// Lets the hub see what this process was doing, should it die.
    private func record() {
        guard environment.hub != nil, let folder = environment.runtimeFolder else { return }
        core.ring = TickRingFile.map("\(folder)/\(environment.name).ticks", epoch: core.identity.epoch)
        if core.ring == nil { log.warning("what this process does cannot be recorded", ["folder": folder]) }
        core.poison = (NodeEnvironment.value("SWITCHBACK_POISON") ?? "").split(separator: ",").compactMap {
            PoisonedInput($0)
        }
        for input in core.poison {
            log.error("an input that ended this back twice will be refused", ["input": "\(input)"])
        }
    }

    private func watch() throws {
        for signal in [SIGINT, SIGTERM] {
            watchers.append(try SignalWatcher(signal, on: loop) { [unowned self] in self.stop() })
        }
        if let lifeline = environment.lifeline {
            watchers.append(try DescriptorWatcher(lifeline, on: loop) { [unowned self] in self.stop() })
        }
    }

    func stop() {
        core.stop(now: loop.now)
        pump()
        hub?.stop()
        loop.stop()
    }

    // MARK: Trunks

    private func accepted(_ descriptor: Int32) {
        lastTrunk += 1
        do {
            let stream = try Loop.Stream(accepted: descriptor, on: loop, owner: self)
            stream.tag = lastTrunk
            stream.queueLimitBytes = Limits.trunkBacklogBytes
            stream.tune(noDelay: true)
            streams[TrunkID(rawValue: UInt64(lastTrunk))] = stream
            core.trunkOpened(TrunkID(rawValue: UInt64(lastTrunk)), now: loop.now)
            pump()
        } catch {
            log.warning("a trunk was not taken", ["error": "\(error)"])
        }
    }

    func streamOpened(_ stream: Loop.Stream) {}

    func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {
        core.receive(bytes, on: trunk(of: stream), now: loop.now)
        pump()
    }

    func streamDrained(_ stream: Loop.Stream) { core.trunkUnsent(trunk(of: stream), byteCount: 0) }

    func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) {
        let id = trunk(of: stream)
        guard streams.removeValue(forKey: id) != nil else { return }
        core.trunkClosed(id, now: loop.now)
        pump()
    }

    private func trunk(of stream: Loop.Stream) -> TrunkID { TrunkID(rawValue: UInt64(stream.tag)) }

    // MARK: The core's wishes

    func pump() {
        while let directive = core.nextDirective() {
            switch directive {
            case .send(let id, let bytes):
                guard let stream = streams[id] else { continue }
                if stream.offer(bytes) == .refusedFull {
                    log.warning("a front does not read; its trunk is given up", ["trunk": "\(id)"])
                    stream.close()
                } else {
                    core.trunkUnsent(id, byteCount: stream.queuedByteCount)
                }
            case .job(let message): hub?.say(message)
            case .close(let id, let farewell):
                log.info("a trunk ended", ["trunk": "\(id)", "reason": farewell.reason])
                streams[id]?.closeAfterWriting()
            }
        }
        arm()
    }

    private func arm() {
        let deadline = core.deadline()
        guard deadline != armedAt else { return }
        armedAt = deadline
        if let deadline { grid?.arm(atNanoseconds: deadline.nanoseconds) } else { grid?.disarm() }
    }

    private func gridFired() {
        let slot = armedAt
        armedAt = nil
        var started = loop.now
        if let slot { tickLateness.record(max(.zero, started.since(slot))) }
        let due = started
        while let channel = core.tick(now: due) {
            let ended = loop.now
            let took = ended.since(started)
            tickDurations.record(took)
            if took > SlowTicks.threshold { slowTicks.note(channel, took) }
            started = ended
        }
        pump()
    }

    // MARK: The hub

    private func secondPassed() {
        if let refused = core.ring?.refusedCount, refused > poisonSeen {
            poisonSeen = refused
            log.error("an input that ended this back twice was refused, and its session ended", ["count": "\(refused)"])
        }
        let rejected = core.counters.jobsRejected
        if rejected > rejectedSeen {
            rejectedSeen = rejected
            log.warning("the hub will not take jobs of a rule: is their kind declared?", ["count": "\(rejected)"])
        }
        slowTicks.write(to: log, core.channelStatus)
        hub?.report(report)
        for (channel, it) in core.takeDisagreements() {
            log.warning(
                "a client holds another state than it was told",
                [
                    "channel": channel, "audience": "\(it.audience)", "version": "\(it.version)",
                    "told": String(it.told, radix: 16), "held": String(it.held, radix: 16),
                ])
        }
        second?.arm(afterMilliseconds: 1000)
    }

    private var report: ProcessReport {
        let counters = core.counters
        let channels = core.channelStatus
        var figures: [String: Double] = [:]
        for (name, value) in counters.named { figures[name] = Double(value) }
        figures["slow_ticks_total"] = Double(slowTicks.count)
        if let ring = core.ring { figures["inputs_poisoned_total"] = Double(ring.refusedCount) }
        return ProcessReport(
            gauges: [
                "trunks": Double(core.trunkCount), "channels": Double(channels.count),
                "back_links": Double(channels.reduce(0) { $0 + $1.linkCount }),
                "back_sessions": Double(channels.reduce(0) { $0 + $1.sessionCount }),
                "outbox_jobs": Double(core.outboxCount),
                "inbox_bytes": Double(channels.reduce(0) { $0 + $1.inboxByteCount }),
                LoopFigures.longestName: LoopFigures.longestSeconds(loop.turns),
            ],
            counters: figures,
            histograms: [
                "tick_duration_seconds": tickDurations.report, "tick_lateness_seconds": tickLateness.report,
                LoopFigures.name: LoopFigures.histogram(loop.turns),
            ],
            channels: channels.prefix(1000).map {
                ProcessReport.Channel(
                    id: $0.id, back: environment.name, tick: $0.tick.rawValue, version: $0.version.rawValue,
                    links: $0.linkCount, sessions: $0.sessionCount, epoch: "\(core.identity.epoch)",
                    lineage: "\($0.lineage)")
            },
            sessions: channels.reduce(0) { $0 + $1.sessionCount })
    }

    func hubOpened() {
        hub?.report(report)
        core.hubOpened()
        pump()
    }

    func hubJob(_ message: JobMessage) {
        core.heard(message, now: loop.now)
        pump()
    }

    func hubDirectory(_ message: DirectoryMessage) {}
    func hubListener(_ message: ListenerMessage, descriptor: Int32) { Descriptors.close(descriptor) }
    func hubAnswer(_ answer: Answer) {}
    func hubStop(_ message: StopMessage) { stop() }
    func hubClosed() { core.hubClosed() }
}

/// The socket that fronts connect to, held for the life of the process.
final class BackListener {
    private let socket: ListeningSocket

    init(_ address: SocketAddress) throws { socket = try ListeningSocket.bind(address) }

    /// For an acceptor, which takes it over.
    func duplicate() throws -> Int32 { try socket.duplicate() }
    var address: String { "\(socket.address)" }
}
