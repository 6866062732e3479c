import Core
import FoundationEssentials
import Glibc
import Loop
import Node
import State

/// Moves bytes between clients, backs and the core. It holds no rules.
///
/// The core never calls back, so no access to it overlaps another; that is not checked once more at every read.
final class FrontShell: HubLinkOwner {
    let loop: EventLoop
    let log: Log
    @exclusivity(unchecked) var core: FrontCore
    private let environment: NodeEnvironment
    private let setup: FrontSetup
    private let web: FrontWeb
    @exclusivity(unchecked) private(set) var clients: ClientSockets!
    @exclusivity(unchecked) private var trunks: TrunkSockets!
    private(set) var handlers: WebHandlers!
    private(set) var pages: FrontPages!
    private var listeners: [FrontListener] = []
    private var grid: GridTimer?
    private var second: Loop.Timer?
    private var watchers: [AnyObject] = []
    private(set) var hub: HubLink?
    @exclusivity(unchecked) private var armedAt: Instant?
    @exclusivity(unchecked) private var isPumping = false
    private var isStopped = false
    /// What programs in this process are told about the links that they watch.
    var observers: [ChannelID: FrontObserver] = [:]
    /// Those who hear what channels say to this process.
    var messages: [AsyncStream<FrontMessage>.Continuation] = []

    /// Who waits for all backs to answer, and until when.
    @exclusivity(unchecked) private var backsAwaited: (deadline: Instant, done: ([String]?) -> Void)?
    private var poll: Loop.Timer?

    init(_ loop: EventLoop, _ environment: NodeEnvironment, _ setup: FrontSetup) {
        self.loop = loop
        self.environment = environment
        self.setup = setup
        log = Log.fromEnvironment(environment.name)
        var settings = FrontCore.Settings(
            name: environment.name, incarnation: Incarnation(rawValue: Entropy.seed()), key: environment.key,
            unixSecondsAtZero: WallClock.unixSecondsAtZero(loop.now))
        settings.flushInterval = setup.flushInterval
        settings.allowedOrigins = setup.allowedOrigins
        if !setup.routes.takesBodies { settings.http.bodyByteLimit = 0 }
        settings.messageBytes = setup.messageBytes
        settings.pingPeriod = setup.pingPeriod
        settings.slowClient = setup.slowClient
        settings.nodes = setup.nodes
        core = FrontCore(settings: settings, seed: Entropy.seed())
        web = FrontWeb(files: setup.files, routes: setup.routes)
        handlers = WebHandlers(self)
        pages = FrontPages(self, kinds: setup.pages)
        clients = ClientSockets(self)
        trunks = TrunkSockets(self)
    }

    /// Starts serving: on a listener of its own or on the hub's, with the backs given or those that the hub names.
    func start(listen: SocketAddress?, backs: [SocketAddress], takesClients: Bool = true, signals: [Int32]) throws {
        grid = try GridTimer(on: loop) { [unowned self] in self.timeCame() }
        second = try Loop.Timer(on: loop) { [unowned self] in self.secondPassed() }
        second?.arm(afterMilliseconds: 1000)
        for signal in signals {
            watchers.append(try SignalWatcher(signal, on: loop) { [unowned self] in self.stop() })
        }
        if let lifeline = environment.lifeline {
            watchers.append(try DescriptorWatcher(lifeline, on: loop) { [unowned self] in self.stop() })
        }
        if takesClients { Descriptors.makeRoom(for: core.settings.connectionLimit + Limits.otherDescriptors) }
        if let listen {
            let listener = try FrontListener(bind: listen, self)
            listeners.append(listener)
            print("\(environment.name): clients connect to \(listener.address)")
            fflush(nil)
        }
        if !backs.isEmpty {
            core.directoryChanged(
                ChannelDirectory(
                    backs.enumerated().map {
                        ChannelDirectory.Entry(
                            name: "back-\($0 + 1)", address: "\($1)", epoch: Epoch(rawValue: 0), families: [])
                    }), now: loop.now)
        }
        if let address = environment.hub {
            let announcement = Announcement(
                role: "front", name: environment.name, pid: getpid(), state: "ready", takesClients: takesClients)
            hub = HubLink(
                on: loop, to: address, key: environment.key, role: .front, incarnation: core.settings.incarnation,
                announcement: announcement, log: log, owner: self)
            hub?.start()
        }
        loop.onTurnEnd { [unowned self] in turnEnded() }
        if let started = setup.started { started(handlers.front) }
        pump()
    }

    func stop() {
        guard !isStopped else { return }
        isStopped = true
        for listener in messages { listener.finish() }
        if core.drain != nil { hub?.report(report) }
        for listener in listeners { listener.close() }
        core.stop(Farewell(.goingAway, "the front stops"), now: loop.now)
        pump()
        hub?.stop()
        loop.stop()
    }

    /// Calls `done` with nil when every back has answered, or with the names of those missing after `timeout`.
    func awaitBacks(_ timeout: Duration, _ done: @escaping ([String]?) -> Void) {
        backsAwaited = (loop.now + timeout, done)
        do {
            let timer = try Loop.Timer(on: loop) { [unowned self] in self.checkBacks() }
            poll = timer
            timer.arm(afterMilliseconds: UInt64(max(0, timeout / .milliseconds(1))))
        } catch {
            log.error("no timer", ["error": "\(error)"])
        }
        checkBacks()
    }

    private func checkBacks() {
        guard let awaited = backsAwaited else { return }
        let missing = core.missingBacks
        let isComplete = missing.isEmpty && !core.directory.backs.isEmpty
        guard isComplete || loop.now >= awaited.deadline else { return }
        backsAwaited = nil
        poll?.close()
        poll = nil
        awaited.done(isComplete ? nil : missing)
    }

    // MARK: The core's wishes

    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while true {
            guard let directive = core.nextDirective() else {
                // Writing may ask for more: a close behind what was written.
                guard core.owesAnything() else { break }
                clients.writeOwed()
                continue
            }
            switch directive {
            case .close(let id): clients.close(id)
            case .pauseReading(let id): clients.stream(id)?.pauseReading()
            case .resumeReading(let id): clients.stream(id)?.resumeReading(sparingly: true)
            case .admit(let id, let head, let peer): admit(id, head, peer)
            case .http(let id, let head): answer(id, head)
            case .connect(let id, let address): trunks.connect(id, address)
            case .send(let id, let bytes): trunks.send(id, bytes)
            case .closeTrunk(let id): trunks.close(id)
            case .observed(let channel, let observation): observed(channel, observation)
            }
        }
        checkBacks()
        if core.drain?.isDone == true { return stop() }
        let deadline = core.deadlineButFlush()
        guard deadline != armedAt else { return }
        armedAt = deadline
        if let deadline { grid?.arm(atNanoseconds: deadline.nanoseconds) } else { grid?.disarm() }
    }

    /// Inputs leave here, not by a timer. While some wait for company their like is not looked at one by one: the loop rests
    /// until they leave, and takes in what has come by then. Whatever a back says ends the rest.
    private func turnEnded() {
        guard let flushAt = core.flushDeadline()?.nanoseconds, !isStopped else { return }
        let now = loop.nowNanoseconds
        if flushAt <= now {
            core.tick(now: Instant(nanoseconds: now))
            pump()
        } else {
            // What waits for the next turn does not wait for a rest.
            loop.rest(until: core.wantsTurn() ? now : flushAt, unlessReadable: trunks.descriptors)
        }
    }

    /// A message on a link that nobody here watches, or from a channel that is not linked, is for the process.
    private func observed(_ channel: ChannelID, _ observation: FrontCore.Observation) {
        if let observer = observers[channel] { return observer.observed(observation, self) }
        guard case .message(let bytes) = observation else { return }
        setup.heard?(channel.text, bytes)
        for listener in messages { listener.yield(FrontMessage(channel: channel.text, bytes: bytes)) }
    }

    private func timeCame() {
        armedAt = nil
        core.tick(now: loop.now)
        pump()
    }

    private func admit(_ id: ConnectionID, _ head: HTTPRequestHead?, _ peer: String) {
        guard let hook = setup.accept else {
            core.admitted(id, claims: [], now: loop.now)
            return
        }
        let arrival = Arrival(
            peer: peer, path: head?.path,
            query: Dictionary((head?.query ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }),
            headers: Dictionary(
                (head?.headers.fields ?? []).map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }))
        let mailbox = loop.mailbox
        let shell = Confined(self)
        Task {
            let admission = await hook(arrival)
            mailbox.post {
                let shell = shell.value
                switch admission {
                case .accept(let claims):
                    let list = claims.sorted { $0.key < $1.key }.map { Claim(name: $0.key, value: $0.value) }
                    shell.core.admitted(id, claims: list, now: shell.loop.now)
                case .refuse(let reason): shell.core.turnedAway(id, reason, now: shell.loop.now)
                }
                shell.pump()
            }
        }
    }

    private func answer(_ id: ConnectionID, _ head: HTTPRequestHead) {
        if head.path == NodeGate.path { return answerNode(id, head) }
        let isOurs = core.isAllowed(origin: head.headers.first("origin"), host: head.host)
        switch web.answer(
            head, isOurs: isOurs, isLoopback: clients.isLoopback(id), isHubOpen: hub?.isOpen == true,
            isPage: pages.serves)
        {
        case .now(let response): core.answer(id, response, now: loop.now)
        case .own(let path): core.answer(id, web.ownAnswer(path, report, environment.name), now: loop.now)
        case .ask(let path): askHub(path, id)
        case .handler(let handler): handlers.run(handler, head, id)
        case .page: pages.asked(head, by: id)
        }
    }

    private func answerNode(_ id: ConnectionID, _ head: HTTPRequestHead) {
        guard let request = core.nodeJob(id, head, now: loop.now) else { return }
        pages.submit(request) { [unowned self] answer in
            core.answer(id, NodeJobText.response(answer), now: loop.now)
            pump()
        }
    }

    private func askHub(_ path: String, _ id: ConnectionID) {
        let number = web.asked(id, path)
        hub?.query(Query(number: number, path: path))
    }

    // MARK: The hub

    /// A hub that has just begun has no listener yet: it is given ours before it binds one in vain.
    func hubOpened() {
        for listener in listeners where listener.isOfHub { hub.map(listener.give) }
        hub?.report(report)
        pages.hubOpened()
    }

    func hubJob(_ message: JobMessage) { pages.heard(message) }
    func hubPageNews(_ news: PageNews) { pages.heard(news) }

    func hubDirectory(_ message: DirectoryMessage) {
        guard core.directoryChanged(message, now: loop.now) else { return }
        pump()
    }

    func hubListener(_ message: ListenerMessage, descriptor: Int32) {
        guard core.drain == nil else { return Descriptors.close(descriptor) }
        do {
            if let old = listeners.firstIndex(where: { $0.address == message.address }) {
                listeners[old].close()
                listeners.remove(at: old)
            }
            listeners.append(try FrontListener(descriptor: descriptor, address: message.address, self))
            log.debug("listening", ["address": message.address])
        } catch {
            log.error("the hub's listener was not taken", ["error": "\(error)"])
            Descriptors.close(descriptor)
        }
    }

    func hubAnswer(_ answer: Answer) {
        guard let (id, _) = web.answered(answer.number) else { return }
        core.answer(
            id,
            HTTPResponse(
                status: answer.status, headers: ["Content-Type": answer.contentType, "Cache-Control": "no-store"],
                body: .bytes(answer.body)), now: loop.now)
        pump()
    }

    func hubStop(_ message: StopMessage) { stop() }

    func hubDrain(_ message: DrainMessage) {
        for listener in listeners { listener.close() }
        listeners = []
        log.info(
            "clients are being moved", ["connections": "\(core.connectionCount)", "within": "\(message.deadline)"])
        core.drain(within: message.deadline, now: loop.now)
        pump()
    }

    /// Who waits for the hub's answer gets what this front knows by itself.
    func hubClosed() {
        for (id, path) in web.unanswered() {
            core.answer(id, web.ownAnswer(path, report, environment.name), now: loop.now)
        }
        pages.hubClosed()
        pump()
    }

    private func secondPassed() {
        clients.noteProgress()
        pages.tick()
        hub?.report(report)
        second?.arm(afterMilliseconds: 1000)
    }

    private var report: ProcessReport {
        var figures: [String: Double] = [:]
        for (name, value) in core.counters.named + core.gate.named { figures[name] = Double(value) }
        for listener in listeners {
            figures["accept_errors_total", default: 0] += Double(listener.errorCount)
            figures["accept_full_turns_total", default: 0] += Double(listener.fullTurnCount)
        }
        if let drain = core.drain {
            figures[ProcessReport.movedSessions] = Double(drain.movedCount)
            figures[ProcessReport.cutOffSessions] = Double(drain.cutOffCount)
        }
        let gauges = [
            "connections": Double(core.connectionCount), "sessions": Double(core.sessionCount),
            "front_links": Double(core.linkCount), "open_trunks": Double(core.openBacks.count),
            "client_waiting_bytes": Double(clients.waitingByteCount), "sockets_closing": Double(loop.closingCount),
            LoopFigures.longestName: LoopFigures.longestSeconds(loop.turns),
        ]
        return ProcessReport(
            gauges: gauges.merging(pages.gauges) { $1 }, counters: figures.merging(pages.counters) { $1 },
            histograms: [LoopFigures.name: LoopFigures.histogram(loop.turns)],
            sessions: core.sessionCount, clients: core.clients(limit: 100))
    }

    // MARK: Sockets

    /// A client came in at a listener.
    func accepted(_ descriptor: Int32, _ peer: SocketAddress) {
        clients.accepted(descriptor, peer)
        pump()
    }
}

/// Carries something of the loop's through a task and back to the loop, which alone touches it.
struct Confined<T>: @unchecked Sendable {
    let value: T
    init(_ value: T) { self.value = value }
}
