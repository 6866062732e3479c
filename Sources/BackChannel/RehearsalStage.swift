import Core
import State

/// What a rehearsal plays with: a back core, the fronts around it, and a clock.
final class RehearsalStage {
    private static let key = ClusterKey(bytes: Array(repeating: 7, count: 32))

    let channel: String
    private var core: BackCore
    private var dice: Dice
    private var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var fronts: [String: RehearsedFront] = [:]
    private var frontOf: [TrunkID: String] = [:]
    private var clients: [SessionID: RehearsedClient] = [:]
    private var lastTrunk: UInt64 = 0
    private(set) var tickCount: UInt64 = 0
    private(set) var patchByteCount = 0
    private var hub = RehearsedHub()

    init(_ type: any Processor.Type, seed: UInt64, channel: String, settings: ChannelSettings) {
        self.channel = channel
        dice = Dice(seed: seed)
        do {
            let id = try ChannelID(channel)
            guard let key = Self.key else { preconditionFailure("a cluster key has 32 bytes") }
            let identity = BackCore.Identity(
                name: "rehearsal", incarnation: Incarnation(rawValue: 1), epoch: Epoch(rawValue: 1), key: key)
            let family = ChannelFamily(pattern: try FamilyPattern(channel), type: type, settings: settings)
            core = BackCore(identity: identity, families: [family], seed: dice.next())
            try core.openChannel(id, now: now)
            core.hubOpened()
        } catch {
            preconditionFailure("'\(channel)' cannot be rehearsed: \(error)")
        }
    }

    // MARK: What is

    func client(_ id: SessionID) -> RehearsedClient {
        guard let client = clients[id] else { preconditionFailure("session \(id) never joined this rehearsal") }
        return client
    }

    var processor: (any Processor)? { core.processor(of: channel) }
    var version: UInt64 { core.encodedState(of: channel)?.0.rawValue ?? 0 }
    /// The canonical bytes of the channel's state.
    var encodedState: [UInt8]? { core.encodedState(of: channel)?.1 }
    /// The time between two ticks; 50 ms when the channel ticks by hand only.
    var period: Duration {
        let nanoseconds = core.rate(of: channel)?.periodNanoseconds ?? 0
        return .nanoseconds(nanoseconds == 0 ? 50_000_000 : Int64(nanoseconds))
    }

    // MARK: What happens

    func join(claims: [String: String], options: [UInt8], role: RehearsedRole, front: String) -> SessionID {
        let id = SessionID(high: dice.next(), low: dice.next())
        clients[id] = RehearsedClient(id: id, claims: claims, options: options, role: role, front: front)
        attach(id, front: front)
        return id
    }

    func attach(_ id: SessionID, front: String?) {
        let client = client(id)
        client.front = front ?? client.front
        let attach = client.attach(at: self.front(client.front))
        write(client.front, .attach) { attach.encode(into: &$0) }
    }

    func detach(_ id: SessionID, _ reason: DetachReason) {
        let client = client(id)
        guard let link = fronts[client.front]?.link, client.detached(reason) else { return }
        let detach = Detach(link: link, member: client.member, reason: reason)
        fronts[client.front]?.clientOf[client.member] = nil
        write(client.front, .detach) { detach.encode(into: &$0) }
    }

    func send(_ data: [UInt8], from id: SessionID) {
        precondition(data.count <= Limits.inputBytes, "an input has at most \(Limits.inputBytes) bytes")
        let client = client(id)
        guard let number = client.sent(data) else { return }
        forward([(number, data)], of: client)
    }

    func message(_ data: [UInt8], from id: SessionID) {
        let client = client(id)
        let message = ToBack(channel: channel, member: client.member, data: data)
        write(client.front, .toBack) { message.encode(into: &$0) }
    }

    func message(_ data: [UInt8], fromFront front: String) {
        let message = ToBack(channel: channel, member: .front, data: data)
        _ = self.front(front)
        write(front, .toBack) { message.encode(into: &$0) }
    }

    /// Another channel speaks, through a front of that name.
    func message(_ data: [UInt8], fromChannel sender: String, through front: String) {
        let message = Relayed(sender: sender, channel: channel, data: data)
        _ = self.front(front)
        write(front, .relayed) { message.encode(into: &$0) }
    }

    func link(_ name: String, options: [UInt8]) { _ = front(name, options: options) }

    func unlink(_ name: String) {
        guard let front = fronts.removeValue(forKey: name) else { return }
        for client in front.clientOf.values { _ = client.detached(.connectionLost) }
        frontOf[front.trunk] = nil
        core.trunkClosed(front.trunk, now: now)
    }

    /// The hub and its workers, as the test plays them.
    func hubLeaves() {
        hub.isThere = false
        core.hubClosed()
    }

    func hubReturns() {
        hub.isThere = true
        core.hubOpened()
        deliver()
    }

    var jobs: [RehearsedJob] { hub.jobs }

    func refuse(_ work: Work, _ reason: JobRejection) { hub.refusals[JobAddress(work.kind, work.key)] = reason }

    func end(_ work: Work, _ outcome: JobEnding.Outcome, result: [UInt8]?) {
        for answer in hub.end(work, outcome, result) { core.heard(answer, now: now) }
        deliver()
    }

    func tick(after pause: Duration) {
        now = now + pause
        let before = core.counters.patchBytes
        let ran = core.tickByHand(channel, now: now)
        precondition(ran, "the channel has closed")
        tickCount += 1
        patchByteCount = Int(core.counters.patchBytes - before)
        deliver()
    }

    // MARK: -

    /// The front of that name with a link to the channel: made, greeted and linked when it is new.
    private func front(_ name: String, options: [UInt8] = []) -> RehearsedFront {
        if let front = fronts[name] {
            if front.link == nil { requestLink(of: front, options) }
            return front
        }
        lastTrunk += 1
        let greeting = Greeting(
            role: .front, name: name, incarnation: Incarnation(rawValue: lastTrunk), nonce: Nonce(using: &dice))
        let front = RehearsedFront(
            name: name, trunk: TrunkID(rawValue: lastTrunk),
            handshake: ConnectorHandshake(greeting: greeting, key: core.identity.key))
        fronts[name] = front
        frontOf[front.trunk] = name
        core.trunkOpened(front.trunk, now: now)
        receive(front.opening, on: front.trunk)
        deliver()
        requestLink(of: front, options)
        return front
    }

    private func requestLink(of front: RehearsedFront, _ options: [UInt8]) {
        let request = LinkRequest(link: front.beginLink(), channel: channel, options: options)
        write(front.name, .link) { request.encode(into: &$0) }
    }

    private func forward(_ inputs: [(InputNumber, [UInt8])], of client: RehearsedClient) {
        guard let link = fronts[client.front]?.link, !inputs.isEmpty else { return }
        write(client.front, .trunkInputs) { writer in
            writer.num(link)
            for (number, data) in inputs {
                writer.num(client.member)
                writer.num(number)
                writer.blob(data)
            }
        }
    }

    private func write(_ front: String, _ kind: FrameKind, _ body: (inout ByteWriter) -> Void) {
        guard let trunk = fronts[front]?.trunk else { return }
        var writer = ByteWriter()
        writer.frame(kind, body)
        receive(writer.bytes, on: trunk)
    }

    private func receive(_ bytes: [UInt8], on trunk: TrunkID) {
        bytes.withUnsafeBytes { core.receive($0, on: trunk, now: now) }
    }

    /// Hands everything that the core has to say to the fronts, and what they answer to the core.
    private func deliver() {
        while let directive = core.nextDirective() {
            switch directive {
            case .send(let trunk, let bytes):
                guard let front = frontOf[trunk].flatMap({ fronts[$0] }) else { continue }
                do {
                    for answer in try front.receive(bytes) {
                        switch answer {
                        case .bytes(let bytes): receive(bytes, on: trunk)
                        case .resend(let client): forward(client.unanswered, of: client)
                        }
                    }
                } catch {
                    preconditionFailure("the core said what a front does not understand: \(error)")
                }
            case .job(let message):
                for answer in hub.hear(message) { core.heard(answer, now: now) }
            case .close(let trunk, let farewell):
                preconditionFailure("the core closed the trunk of \(frontOf[trunk] ?? "a front"): \(farewell.reason)")
            }
        }
    }
}
