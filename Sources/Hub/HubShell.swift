import Core
import Glibc
import Loop
import State

/// The hub's thin shell: hands facts to `HubCore`, does what it says, and keeps its one timer armed.
final class HubShell {
    private let loop: EventLoop
    private let log: Log
    private let state: StateFolder
    private let runtime: RuntimeFolder
    private let key: ClusterKey
    private let epoch: Epoch
    private let incarnation: Incarnation
    private let listeners: PublicListeners
    private let runner: ProcessRunner
    private let known: [ProcessRecord]
    private let incidents: Incidents
    private var core: HubCore
    private var timer: Timer?
    private var listenerTimer: Timer?
    private var listenerTries = 0
    private var acceptor: Acceptor?
    /// What is left to say when the cluster is ready; nil before that and afterwards.
    private var readyLine: String?
    private var connections: [HubConnectionID: HubConnection] = [:]
    private var connectionCount: UInt64 = 0
    /// Nil when no kind is declared, and when another hub took over: it has the store then.
    private var jobs: HubJobs?
    private(set) var failure: HubFailure?
    /// The process that took over; nil while this hub is the one.
    private(set) var successor: Int32?

    /// Connections at once: every process, and as many that come back or only ask.
    private static let connectionLimit = HubLimits.processCount * 2
    /// How often and how many times an awaited listener is tried: 20 s in all.
    private static let listenerRetryMilliseconds: UInt64 = 200
    private static let listenerTryLimit = 100

    /// What the shell is made of, put together by `HubProcess`.
    struct Parts {
        var loop: EventLoop
        var log: Log
        var state: StateFolder
        var runtime: RuntimeFolder
        var key: ClusterKey
        var ledger: EpochLedger
        var listeners: PublicListeners
        var runner: ProcessRunner
        var incidents: Incidents
        var specs: [ProcessSpec]
        var placement: ChannelPlacement
        var known: [ProcessRecord]
        var jobs: HubJobs?
    }

    init(_ parts: Parts) {
        (loop, log, state, runtime, key) = (parts.loop, parts.log, parts.state, parts.runtime, parts.key)
        (listeners, runner, known) = (parts.listeners, parts.runner, parts.known)
        incidents = parts.incidents
        jobs = parts.jobs
        epoch = parts.ledger.latest
        var dice = SystemRandomNumberGenerator()
        incarnation = Incarnation(rawValue: dice.next())
        core = HubCore(
            specs: parts.specs, known: parts.known, ledger: parts.ledger,
            facts: .init(pid: getpid(), version: HubVersion.text, listen: parts.listeners.addresses), seed: dice.next(),
            placement: parts.placement,
            now: Instant(nanoseconds: parts.loop.nowNanoseconds))
    }

    /// Opens the socket, takes back what lives, starts what does not.
    func start() throws(LoopError) {
        timer = try Timer(on: loop) { [unowned self] in drive { $0.timePassed(now: $1) } }
        jobs?.built = { [weak self] pages in self?.tellFronts(pages) }
        jobs?.send = { [weak self] id, message in self?.connections[id]?.send(.job) { message.encode(into: &$0) } }
        try openSocket()
        for record in known {
            try runner.adopt(record) { [weak self] in self?.exited(record.name, record.role, .unknown) }
        }
        if !listeners.isComplete { try awaitListeners() }
        drive { $0.timePassed(now: $1) }
    }

    /// Ends everything in order.
    func stop() { drive { $0.stop(now: $1) } }

    /// Ends everything at once.
    func kill() { drive { $0.kill(now: $1) } }

    // MARK: Core

    private var now: Instant { Instant(nanoseconds: loop.nowNanoseconds) }

    private func drive(_ event: (inout HubCore, Instant) -> Void) {
        guard successor == nil else { return }
        event(&core, now)
        while let directive = core.nextDirective() { perform(directive) }
        guard let deadline = core.nextDeadline else {
            timer?.disarm()
            return
        }
        // The timer counts whole milliseconds and may be one early.
        timer?.arm(afterMilliseconds: UInt64(max(0, deadline.since(now) / .milliseconds(1))) + 1)
    }

    private func perform(_ directive: HubDirective) {
        switch directive {
        case .spawn(let spec, let epoch): spawn(spec, epoch)
        case .signal(_, let pid, let signal): runner.signal(pid, signal)
        case .sendStop(let to, let grace):
            connections[to]?.send(.stop) { StopMessage(grace: grace).encode(into: &$0) }
        case .sendDrain(let to, let deadline):
            connections[to]?.send(.drain) { DrainMessage(deadline: deadline).encode(into: &$0) }
        case .sendListeners(let to): sendListeners(to: to)
        case .sendDirectory(let message, let fronts):
            let text = JSON.text(message)
            for front in fronts { connections[front]?.send(.directory) { $0.text(text) } }
        case .refuse(let connection, let reason): connections[connection]?.end(reason)
        case .saveProcesses(let table):
            do throws(FileError) { try runtime.save(table) } catch {
                log.error("the process table could not be written", ["reason": "\(error)"])
            }
        case .notice(let notice): HubNotices.write(notice, to: log)
        case .ready(let frontCount, let backCount):
            readyLine = "(\(Console.count(frontCount, "front")), \(Console.count(backCount, "back")))"
            sayReady()
        case .finished: loop.stop()
        }
    }

    /// Once: when every process runs and every listener is ours.
    private func sayReady() {
        guard let line = readyLine, listeners.isComplete else { return }
        readyLine = nil
        Console.say("hub: serving \(listeners.addresses.map { "http://\($0)/" }.joined(separator: " ")) \(line)")
    }

    private func spawn(_ spec: ProcessSpec, _ epoch: Epoch?) {
        do {
            if let epoch { try state.record(EpochLedger(term: epoch.term, counter: epoch.assignment)) }
            let pid = try runner.start(spec, epoch: epoch) { [weak self] exit in
                self?.exited(spec.name, spec.role, exit)
            }
            core.spawned(spec.name, pid: pid, startTime: ProcessFacts.startTime(of: pid), now: now)
        } catch {
            core.spawnFailed(spec.name, reason: "\(error)", now: now)
        }
    }

    private func exited(_ name: String, _ role: ProcessRole, _ exit: ProcessExit) {
        // Before it is started again, which makes its record anew.
        if role == .back, successor == nil { incidents.ended(name, exit) }
        drive { $0.exited(name, exit, now: $1) }
    }

    // MARK: Connections

    private func openSocket() throws(LoopError) {
        let socket = try ListeningSocket.bind(.unix(runtime.socketPath))
        chmod(runtime.socketPath, 0o700)
        acceptor = try Acceptor(try socket.duplicate(), on: loop) { [unowned self] descriptor, _ in accept(descriptor) }
    }

    private func accept(_ descriptor: Int32) {
        guard connections.count < Self.connectionLimit else {
            log.warning("too many connections to the hub's socket", ["limit": "\(Self.connectionLimit)"])
            Descriptors.close(descriptor)
            return
        }
        connectionCount += 1
        let id = HubConnectionID(connectionCount)
        var dice = SystemRandomNumberGenerator()
        let handshake = AcceptorHandshake(
            name: "hub", incarnation: incarnation, nonce: Nonce(using: &dice), key: key)
        do throws(LoopError) {
            let connection = try HubConnection(
                id, descriptor, on: loop, handshake: handshake, epoch: epoch,
                onMessage: { [unowned self] connection, message in receive(message, from: connection) },
                onClosed: { [unowned self] connection, reason in closed(connection, reason) })
            connections[id] = connection
            if connection.peer?.userID != geteuid() {
                connection.end(Farewell(.unproven, "this hub belongs to another user"))
            }
        } catch {
            log.error("a process could not be accepted", ["reason": "\(error)"])
        }
    }

    private func receive(_ message: HubConnection.Message, from connection: HubConnection) {
        switch message {
        case .announced(var announcement):
            // Not what it claims: the kernel knows who connected.
            let pid = connection.peer?.pid ?? 0
            announcement.pid = pid
            let leader = pid > 0 ? getsid(pid) : -1
            drive { $0.announced(announcement, leader: leader > 0 ? leader : nil, from: connection.id, now: $1) }
        case .reported(let report): drive { core, _ in core.reported(report, from: connection.id) }
        case .asked(let query): answer(query, connection)
        case .job(let message):
            if let jobs { jobs.receive(message, from: connection) } else { refuse(message, on: connection) }
        case .gaveListener(let address, let descriptor):
            guard listeners.receive(descriptor) else { return }
            log.info("a front gave the public listener back", ["address": address])
            offerListeners()
        case .askedForHandOver: leave(to: connection)
        }
    }

    /// Without declared kinds there is no queue, and a hub that leaves takes nothing.
    private func refuse(_ message: JobMessage, on connection: HubConnection) {
        let answer: JobMessage
        switch message {
        case .submit(let number, _, _), .want(let number, _, _):
            answer = .answer(number: number, .rejected(successor == nil ? .unknownKind : .unavailable))
        case .fetch(let number, _): answer = .page(number: number, nil)
        default: return
        }
        connection.send(.job) { answer.encode(into: &$0) }
    }

    /// Another hub takes over: from here on nothing is decided here. It gets the listeners, and with the lock of the state
    /// folder everything else.
    private func leave(to connection: HubConnection) {
        guard successor == nil, let pid = connection.peer?.pid else { return }
        let table = core.leave()
        successor = pid
        jobs = nil
        log.info("another hub takes over", ["pid": "\(pid)"])
        do throws(FileError) { try runtime.save(table) } catch {
            log.error("the process table could not be written", ["reason": "\(error)"])
        }
        timer?.disarm()
        listenerTimer?.disarm()
        acceptor?.close()
        for (address, descriptor) in listeners.ready { connection.sendListener(address, descriptor) }
        state.release()
        connection.send(.handOver) {
            HandOverMessage(pid: getpid(), listenerCount: listeners.ready.count).encode(into: &$0)
        }
        for other in connections.values where other.id != connection.id { other.drop() }
        connection.drop()
    }

    private func closed(_ connection: HubConnection, _ reason: Farewell?) {
        connections[connection.id] = nil
        jobs?.lost(connection)
        if let reason {
            log.debug("a connection was ended", ["code": "\(reason.code.rawValue)", "reason": reason.reason])
            core.connectionRefused(reason)
        }
        drive { $0.connectionLost(connection.id, now: $1) }
        if successor != nil, connections.isEmpty { loop.stop() }
    }

    /// Fronts keep pages: each hears of every new one.
    private func tellFronts(_ pages: [JobPage]) {
        let fronts = connections.values.filter { $0.role == .front }
        guard !fronts.isEmpty else { return }
        for news in pages.map(PageNews.init) {
            for front in fronts { front.send(.pageNews) { news.encode(into: &$0) } }
        }
    }

    private var status: HubStatus {
        var status = core.status(now: now)
        status.jobs = jobs?.summary
        return status
    }

    private func answer(_ query: Query, _ connection: HubConnection) {
        if let order = HubOrder(query.path) {
            return answer(query, connection, connection.role == .tool ? obey(order) : .refused("only for hub commands"))
        }
        let (status, type, body): (Int, String, [UInt8]) =
            switch query.path {
            case "/status.json": (200, "application/json", JSON.encode(status))
            case "/metrics":
                (
                    200, "text/plain; version=0.0.4; charset=utf-8",
                    Array(core.metrics(now: now, jobs: jobs?.figures).utf8)
                )
            default: (404, "text/plain; charset=utf-8", Array("the hub does not know this path\n".utf8))
            }
        connection.send(.answer) {
            Answer(number: query.number, status: status, contentType: type, body: body).encode(into: &$0)
        }
    }

    private func answer(_ query: Query, _ connection: HubConnection, _ outcome: HubOrder.Outcome) {
        connection.send(.answer) {
            Answer(
                number: query.number, status: outcome.status, contentType: "text/plain; charset=utf-8",
                body: outcome.body
            ).encode(into: &$0)
        }
    }

    /// Does what an operator's command wants.
    private func obey(_ order: HubOrder) -> HubOrder.Outcome {
        var refusal: Farewell?
        drive { core, now in
            do throws(Farewell) {
                switch order {
                case .drain(let name, let deadline, let then):
                    try core.drain(name, within: deadline, then: then, now: now)
                case .start(let name): try core.start(name, now: now)
                case .show: break
                }
            } catch {
                refusal = error
            }
        }
        if let refusal { return .refused(refusal.reason) }
        guard let process = core.process(order.name, now: now) else {
            return .refused("there is no process '\(order.name)' of this hub")
        }
        return .done(process)
    }

    // MARK: Listeners

    private func sendListeners(to id: HubConnectionID) {
        guard let connection = connections[id] else { return }
        for (address, descriptor) in listeners.ready { connection.sendListener(address, descriptor) }
    }

    /// Everybody who is connected gets what has become ready. Only fronts announce themselves as takers, and a front that
    /// has a listener already closes the duplicate.
    private func offerListeners() {
        drive { core, _ in core.listenersChanged() }
        if listeners.isComplete { listenerTimer?.disarm() }
        sayReady()
    }

    private func awaitListeners() throws(LoopError) {
        log.info("the public listener is held by fronts of an earlier hub; waiting for them")
        listenerTimer = try Timer(on: loop) { [unowned self] in retryListeners() }
        listenerTimer?.arm(afterMilliseconds: Self.listenerRetryMilliseconds)
    }

    private func retryListeners() {
        listenerTries += 1
        if listeners.retry() { offerListeners() }
        guard !listeners.isComplete else { return }
        guard listenerTries < Self.listenerTryLimit else {
            failure = HubFailure(
                "cannot listen on \(listeners.addresses.joined(separator: ", ")): another program does, and no front gave it back"
            )
            return loop.stop()
        }
        listenerTimer?.arm(afterMilliseconds: Self.listenerRetryMilliseconds)
    }
}
