import Core
import State

/// One client of the text form, written as the author of a script would from docs/WIRE.md, with nothing of the client library: what
/// it holds, what it sends again and what it makes of a grant are its own.
final class TextClient: SimulatedProcess, SimulatedStreamOwner {
    private enum Phase {
        case away
        case connecting(SimulatedStream)
        case upgraded(SimulatedStream)
        case welcomed(SimulatedStream)
    }

    private let world: World
    private var dice: Dice
    private var phase = Phase.away
    private var socket = TextSocket()
    private var attach: UInt64 = 0
    private var token: String?
    private var queue = TextQueue()
    private var heardAt: Instant
    private var isQuiet = false
    private(set) var rooms: [TextRoom] = []
    /// What a front has said no to for now, and is asked for again.
    private var unlinked: Set<String> = []
    let ledger: InputLedger
    let writer: String

    init(pid: Int32, number: Int, channels: [String], _ world: World, dice: inout Dice) {
        self.world = world
        self.dice = Dice(seed: dice.next())
        ledger = InputLedger(client: number, policy: .report)
        writer = channels[0]
        rooms = channels.map(TextRoom.init)
        heardAt = world.scheduler.now
        super.init(pid: pid, name: "client-\(number)", world.scheduler, world.network, clockLead: .zero)
    }

    var isWelcomed: Bool { if case .welcomed = phase { true } else { false } }
    var isReading: Bool { unlinked.isEmpty }

    var stream: SimulatedStream? {
        switch phase {
        case .away: nil
        case .connecting(let stream), .upgraded(let stream), .welcomed(let stream): stream
        }
    }

    func start() {
        connect()
        goOn()
        lookForSilence()
    }

    /// From now on it only reads.
    func quiet() { isQuiet = true }

    func speak(_ count: Int) {
        for _ in 0..<count {
            let wish = Wish(
                client: ledger.client, index: ledger.nextIndex, channel: world.plan.place(of: writer),
                kind: Wish.Kind.some(&dice), key: dice.below(24), value: dice.below(1000))
            let ticket = InputTicket(rawValue: UInt64(wish.index))
            ledger.sent(wish, writer, ticket, at: now)
            queue.add(ticket, String(decoding: wish.bytes, as: UTF8.self))
        }
        sendInputs()
    }

    private func goOn() {
        let wait = Duration.milliseconds(1 + dice.within(0...(world.plan.thinkMilliseconds * 2)))
        world.scheduler.after(wait, for: self) { [weak self] in
            guard let self, !self.isQuiet else { return }
            if self.dice.chance(1, in: 5) { self.say() } else { self.speak(1 + self.dice.below(3)) }
            self.goOn()
        }
    }

    private func say() {
        guard isWelcomed else { return }
        ledger.sayingCount += 1
        let kind = Saying.Kind.allCases.randomElement(using: &dice) ?? .echo
        let saying = Saying(
            client: ledger.client, number: ledger.sayingCount, kind: kind, nextIndex: ledger.nextIndex)
        let to = dice.chance(1, in: 3) ? "" : ",\"to\":[\"\(writer)\"]"
        send("{\"say\":{\"data\":\(String(decoding: saying.bytes, as: UTF8.self))\(to)}}")
    }

    private func sendInputs() {
        guard isWelcomed else { return }
        for text in queue.take() { send(text) }
    }

    // MARK: The connection

    private func connect() {
        guard case .away = phase else { return }
        socket = TextSocket()
        heardAt = now
        phase = .connecting(world.network.connect(to: World.publicAddress, by: self, owner: self, path: .far))
    }

    private func send(_ text: String) {
        if stream?.offer(TextSocket.message(.text, Array(text.utf8))) == .refusedFull { stream?.close() }
    }

    /// A connection on which nothing comes is given up: a front asks a quiet client every 20 s.
    private func lookForSilence() {
        world.scheduler.after(.seconds(5), for: self) { [weak self] in
            guard let self else { return }
            if let stream = self.stream, self.now.since(self.heardAt) > .seconds(self.isWelcomed ? 35 : 10) {
                stream.close()
            }
            self.lookForSilence()
        }
    }

    func streamOpened(_ stream: SimulatedStream) {
        guard self.stream === stream else { return }
        _ = stream.offer(TextSocket.opening)
    }

    func streamDrained(_ stream: SimulatedStream) {}

    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        guard self.stream === stream else { return }
        world.trace { "\(self.name): its connection is over: \(end)" }
        phase = .away
        queue.suspend()
        unlinked = []
        let wait = Duration.milliseconds(50 + dice.below(1500))
        world.scheduler.after(wait, for: self) { [weak self] in self?.connect() }
    }

    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        guard self.stream === stream else { return }
        heardAt = now
        socket.receive(bytes)
        while self.stream === stream, let arrival = socket.next() {
            switch arrival {
            case .opened:
                phase = .upgraded(stream)
                sayHello()
            case .text(let text): heard(text)
            case .ping(let payload): _ = stream.offer(TextSocket.message(.pong, payload))
            case .closed: stream.closeAfterWriting()
            case .broken(let what):
                world.fail(.g9, "\(name) was told what is no message: \(what)")
                stream.close()
            }
        }
    }

    private func sayHello() {
        attach += 1
        let reads = rooms.map { "\"\($0.channel)\":\($0.held)" }.joined(separator: ",")
        let token = token.map { "\"\($0)\"" } ?? "null"
        send("{\"hello\":{\"attach\":\(attach),\"token\":\(token),\"read\":{\(reads)},\"write\":\"\(writer)\"}}")
    }

    // MARK: What it is told

    private func heard(_ text: [UInt8]) {
        text.withUnsafeBytes { bytes in
            do throws(JSONError) {
                let json = try JSONText(bytes)
                for member in json.root.members.map(Array.init) ?? [] { heard(member.name, member.value) }
            } catch {
                world.fail(.g9, "\(name) was told what is no JSON")
            }
        }
    }

    private func heard(_ kind: String, _ value: JSONValue) {
        switch kind {
        case "welcome":
            guard let stream else { return }
            token = value["token"]?.string
            ledger.session = value["session"]?.string.flatMap(SessionID.init)
            phase = .welcomed(stream)
            world.trace { "\(self.name): is welcome as \(value["session"]?.string ?? "-")" }
        case "patch": patched(value)
        case "granted":
            let refused = value["refused"]?.elements.map { $0.compactMap { $0.integer(UInt64.self) } } ?? []
            settle(
                queue.granted(
                    value["grant"]?.integer() ?? 0, highest: value["highest"]?.integer() ?? 0, refused: refused))
            sendInputs()
        case "acked":
            settle(
                queue.acked(
                    value["grant"]?.integer() ?? 0, value["seq"]?.integer() ?? 0, tick: value["tick"]?.integer() ?? 0))
            sendInputs()
        case "refused":
            settle(
                queue.refused(
                    value["grant"]?.integer() ?? 0, value["seq"]?.integer() ?? 0, value["reason"]?.string ?? ""))
        case "message":
            world.texts.messageCame(
                self, value["channel"]?.string ?? "", value["version"]?.integer() ?? 0,
                value["data"].map { Array($0.bytes) } ?? [])
        case "unlinked": linkEnded(value)
        case "bye":
            world.texts.ended(self, value["code"]?.integer() ?? 0, value["reason"]?.string ?? "")
            stream?.closeAfterWriting()
        default: break
        }
    }

    private func settle(_ outcomes: [(InputTicket, InputOutcome)]) {
        for (ticket, outcome) in outcomes { world.inputs.settled(ledger, writer, ticket, outcome, now: now) }
    }

    private func patched(_ value: JSONValue) {
        guard let channel = value["channel"]?.string, let place = rooms.firstIndex(where: { $0.channel == channel })
        else { return world.fail(.g2, "\(name) was told of a channel that it does not read") }
        do throws(TextRoom.Misfit) {
            try rooms[place].apply(value)
            unlinked.remove(channel)
            world.texts.committed(self, rooms[place])
        } catch {
            world.fail(.g3, "\(name) was told of \(channel): \(error.what)")
        }
    }

    /// A link that has ended for now is asked for again.
    private func linkEnded(_ value: JSONValue) {
        let channel = value["channel"]?.string ?? ""
        world.trace { "\(self.name): \(channel) unlinked: \(value["reason"]?.string ?? "")" }
        unlinked.insert(channel)
        if channel == writer { queue.suspend() }
        guard let stream else { return }
        world.scheduler.after(.milliseconds(500 + dice.below(1000)), for: self) { [weak self] in
            guard let self, self.stream === stream, self.unlinked.contains(channel),
                let room = self.rooms.first(where: { $0.channel == channel })
            else { return }
            self.unlinked.remove(channel)
            self.send("{\"read\":{\"\(channel)\":\(room.held)}}")
        }
    }
}
