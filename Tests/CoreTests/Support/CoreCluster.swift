import Core
import State

/// A whole cluster in one thread without sockets: backs, fronts and clients joined by byte pipes, under a clock that is moved by
/// hand. Everything follows from the seed.
///
/// Each call of `settle` carries directives and bytes until nothing moves; `pass` goes from deadline to deadline. On the way two
/// things are checked at every commit: the client's state equals the back's at that version byte for byte, and versions of one
/// lineage only grow. What breaks that is in `faults`.
final class CoreCluster {
    /// How bytes come out of a pipe.
    enum Delivery {
        case whole
        /// A few bytes at a time, as the dice say.
        case dripped
    }

    /// One direction of a connection.
    struct Flow {
        var bytes: [UInt8] = []
        /// The sender closed behind what is in here.
        var isEnding = false
    }

    /// A connection between a client and a front, or a front and a back.
    final class Pipe {
        var up = Flow()
        var down = Flow()
    }

    final class Back {
        let name: String
        var core: BackCore?
        var epoch: UInt64 = 0
        var lastTrunk: UInt64 = 0
        init(_ name: String) { self.name = name }
    }

    final class Front {
        let name: String
        var core: FrontCore?
        var lastConnection: UInt64 = 0
        /// What channels said to this process.
        var heard: [(channel: String, text: String)] = []
        init(_ name: String) { self.name = name }
    }

    /// A client and what it was told.
    final class Client {
        var core: ClientCore
        /// Where its next try goes.
        var front: Int
        var outcomes: [InputTicket: InputOutcome] = [:]
        var messages: [(channel: String, text: String)] = []
        var statuses: [ClientStatus] = []
        var farewells: [(channel: String, Farewell)] = []
        var grants: [(channel: String, GrantID, isNew: Bool)] = []
        var commits: [String: (lineage: Lineage, version: Version)] = [:]
        var commitCount = 0
        /// Gaps are never expected unless a test made them.
        var gapCount = 0
        /// False: bytes stay in the pipe, as with a client that does not read.
        var isReading = true
        /// Looks at what is about to arrive; answers how much of it still does before the connection is cut, nil for all.
        var cut: (([UInt8]) -> Int?)?
        /// Changes what is about to arrive, as no network does.
        var tamper: (([UInt8]) -> [UInt8])?

        init(_ core: ClientCore, front: Int) {
            self.core = core
            self.front = front
        }

        func count(_ which: (InputOutcome) -> Bool) -> Int { outcomes.values.count(where: which) }
    }

    private struct ClientKey: Hashable { let client: Int; let number: TryNumber }
    private struct ClientWire { let key: ClientKey; let front: Int; let connection: ConnectionID; let pipe: Pipe }
    private struct TrunkWire {
        let front: Int; let frontTrunk: TrunkID; let back: Int; let backTrunk: TrunkID; let pipe: Pipe
    }

    var now = Instant(nanoseconds: 1_000_000_000)
    var delivery = Delivery.whole
    private(set) var backs: [Back] = []
    private(set) var fronts: [Front] = []
    private(set) var clients: [Client] = []
    /// What was found wrong.
    private(set) var faults: [String] = []
    var dice: Dice
    private let key = ClusterKey(bytes: [UInt8](repeating: 7, count: 32))!
    private let settings: ChannelSettings
    private let families: [FamilyPattern]
    private var clientWires: [ClientWire] = []
    private var trunkWires: [TrunkWire] = []
    private let rule: any Processor.Type
    /// The canonical state of every version that a back ever had.
    private var states: [Lineage: [Version: [UInt8]]] = [:]
    /// Which audiences beside everyone are looked at; those with higher numbers are not.
    private let audienceLimit: UInt64
    /// The same of each of them.
    private var audienceStates: [Lineage: [Version: [UInt64: [UInt8]]]] = [:]
    /// Which audiences each session was in while its channel had a version.
    private var memberships: [Lineage: [Version: [SessionID: Set<[UInt64]>]]] = [:]

    init(
        fronts: Int = 1, backs: Int = 1, clients: Int = 0, seed: UInt64 = 1,
        settings: ChannelSettings = ChannelSettings(rate: .hertz(20)), rule: any Processor.Type = Ledger.self,
        audienceLimit: UInt64 = 0
    ) throws {
        self.rule = rule
        self.audienceLimit = audienceLimit
        dice = Dice(seed: seed)
        self.settings = settings
        families = [try FamilyPattern("room/*")]
        for number in 0..<backs { self.backs.append(Back("back-\(number + 1)")) }
        for number in 0..<fronts { self.fronts.append(Front("front-\(number + 1)")) }
        for place in 0..<backs { startBack(place) }
        for place in 0..<fronts { startFront(place) }
        for place in 0..<clients { addClient(front: place % max(1, fronts)) }
        settle()
    }

    // MARK: The process table

    /// Starts a back anew: nothing of its former life is left, and its epoch is higher.
    func startBack(_ place: Int) {
        let back = backs[place]
        back.epoch += 1
        let identity = BackCore.Identity(
            name: back.name, incarnation: Incarnation(rawValue: dice.next()), epoch: Epoch(rawValue: back.epoch),
            key: key)
        back.core = BackCore(
            identity: identity,
            families: families.map { ChannelFamily(pattern: $0, type: rule, settings: settings) },
            seed: dice.next())
        tellDirectory()
    }

    /// `kill -9`: its trunks break, and nothing that it had not sent leaves.
    func killBack(_ place: Int) {
        backs[place].core = nil
        for wire in trunkWires where wire.back == place { breakTrunk(wire) }
        tellDirectory()
    }

    func startFront(_ place: Int) {
        var settings = FrontCore.Settings(
            name: fronts[place].name, incarnation: Incarnation(rawValue: dice.next()), key: key,
            unixSecondsAtZero: 1_700_000_000)
        settings.flushInterval = .milliseconds(1)
        fronts[place].core = FrontCore(settings: settings, seed: dice.next())
        fronts[place].core!.directoryChanged(directory, now: now)
    }

    func killFront(_ place: Int) {
        fronts[place].core = nil
        for wire in trunkWires where wire.front == place { breakTrunk(wire) }
        for wire in clientWires where wire.front == place { breakConnection(wire) }
    }

    @discardableResult
    func addClient(
        front: Int = 0, transport: ClientTransport = .plain, _ adjust: (inout ClientSettings) -> Void = { _ in }
    ) -> Client {
        var settings = ClientSettings(transport: transport)
        adjust(&settings)
        let client = Client(ClientCore(settings: settings, seed: dice.next()), front: front)
        clients.append(client)
        client.core.start(now: now)
        return client
    }

    /// Stops reading; a later read may begin at an older version than the last one ended.
    func unread(_ client: Client, _ channel: String) {
        client.core.unread(channel, now: now)
        _ = clients.firstIndex { $0 === client }.map(pullClient)
        client.commits[channel] = nil
    }

    /// The client's connection breaks: of what is on its way to it, the first `bytes` still arrive.
    func cut(_ client: Client, delivering byteCount: Int = 0) {
        guard let wire = wire(of: client) else { return }
        if byteCount > 0 { deliver(Array(wire.pipe.down.bytes.prefix(byteCount)), to: client, wire.key.number) }
        breakConnection(wire)
    }

    /// All trunks are lost, and made anew by their fronts.
    func cutTrunks() {
        for wire in trunkWires { breakTrunk(wire) }
    }

    /// The client's connection breaks without its front noticing: the front goes on for a session that is elsewhere.
    func cutUnnoticed(_ client: Client) {
        guard let wire = wire(of: client) else { return }
        clientWires.removeAll { $0.key == wire.key }
        client.core.disconnected(wire.key.number, now: now)
    }

    // MARK: Time

    /// Carries directives and bytes until nothing moves.
    func settle() {
        var isMoving = true
        while isMoving {
            isMoving = false
            for place in backs.indices where pullBack(place) { isMoving = true }
            for place in fronts.indices where pullFront(place) { isMoving = true }
            for place in clients.indices where pullClient(place) { isMoving = true }
            if moveBytes() { isMoving = true }
        }
    }

    /// Moves the clock from deadline to deadline, up to `duration` from now.
    func pass(_ duration: Duration) {
        let end = now + duration
        settle()
        while let deadline = nextDeadline, deadline <= end {
            // Whatever stays due although it was told the time must not hold up everyone else.
            now = max(deadline, now)
            let before = now
            tickAll()
            settle()
            if let next = nextDeadline, next <= before { now = now + .microseconds(100) }
        }
        now = max(now, end)
        tickAll()
        settle()
    }

    /// Passes time in steps of a tick until the condition holds; false if it does not within `limit`.
    func pass(until condition: () -> Bool, limit: Duration = .seconds(30)) -> Bool {
        let end = now + limit
        while !condition() {
            guard now < end else { return false }
            pass(.milliseconds(50))
        }
        return true
    }

    private var nextDeadline: Instant? {
        let all =
            backs.map { $0.core?.nextDeadline } + fronts.map { $0.core?.nextDeadline }
            + clients.map { $0.core.nextDeadline }
        return all.compactMap { $0 }.min()
    }

    private func tickAll() {
        for back in backs {
            while back.core?.tick(now: now) != nil { remember(back) }
        }
        for front in fronts { front.core?.tick(now: now) }
        for client in clients { client.core.tick(now: now) }
    }

    private func remember(_ back: Back) {
        for status in back.core?.channelStatus ?? [] {
            guard let (version, bytes) = back.core?.encodedState(of: status.id) else { continue }
            if let old = states[status.lineage]?[version], old != bytes {
                faults.append("'\(status.id)' has two states at version \(version)")
            }
            states[status.lineage, default: [:]][version] = bytes
            if audienceLimit > 0 { rememberAudiences(status, version, back) }
        }
    }

    private func rememberAudiences(_ status: ChannelStatus, _ version: Version, _ back: Back) {
        guard let core = back.core else { return }
        if audienceStates[status.lineage]?[version] == nil {
            var states: [UInt64: [UInt8]] = [:]
            for number in 1...audienceLimit {
                guard let audience = Audience(wireNumber: number) else { continue }
                states[number] = core.encodedState(of: status.id, for: audience)
            }
            audienceStates[status.lineage, default: [:]][version] = states
        }
        for session in clients.compactMap(\.core.session) {
            guard let audiences = core.audiences(of: session, in: status.id) else { continue }
            memberships[status.lineage, default: [:]][version, default: [:]][session, default: []].insert(
                audiences.map(\.wireNumber))
        }
    }

    /// The trunks of a back take nothing, as far as it can tell, or they take everything again.
    func setCongested(_ place: Int, _ isCongested: Bool) {
        for wire in trunkWires where wire.back == place {
            backs[place].core?.trunkUnsent(
                wire.backTrunk, byteCount: isCongested ? 2 * Limits.congestedTrunkBytes : 0)
        }
    }

    // MARK: What is

    /// What a session that is in these audiences should see of a channel, all of it together.
    func union(of channel: String, for session: SessionID) throws -> [UInt8]? {
        for back in backs {
            guard let core = back.core, let audiences = core.audiences(of: session, in: channel) else { continue }
            return try Patch.union(audiences.compactMap { core.encodedState(of: channel, for: $0) })
        }
        return nil
    }

    /// The canonical state of a channel at the back that serves it.
    func state(of channel: String) -> (Version, [UInt8])? {
        for back in backs { if let state = back.core?.encodedState(of: channel) { return state } }
        return nil
    }

    /// Whether the client holds what the back has now.
    func isCaughtUp(_ client: Client, _ channel: String) -> Bool {
        guard let room = client.core.room(channel), room.isAttached, let (version, bytes) = state(of: channel) else {
            return false
        }
        return room.version == version && room.mirror.encoded() == bytes
    }

    /// What `add` inputs of a session have left.
    func account(_ client: Client, _ channel: String) -> LedgerAccount? {
        guard let room = client.core.room(channel), let me = room.me else { return nil }
        return room.mirror.row("accounts", me, as: LedgerAccount.self)
    }

    private var directory: ChannelDirectory {
        ChannelDirectory(
            backs.map {
                .init(
                    name: $0.name, address: $0.core == nil ? nil : "\($0.name):\($0.epoch)",
                    epoch: Epoch(rawValue: $0.epoch), families: families)
            })
    }

    private func tellDirectory() { for front in fronts { front.core?.directoryChanged(directory, now: now) } }

    // MARK: Directives

    private func pullBack(_ place: Int) -> Bool {
        var moved = false
        while let directive = backs[place].core?.nextDirective() {
            moved = true
            switch directive {
            case .send(let trunk, let bytes):
                trunkWires.first { $0.back == place && $0.backTrunk == trunk }?.pipe.down.bytes += bytes
            case .job: break
            case .close(let trunk, _):
                trunkWires.first { $0.back == place && $0.backTrunk == trunk }?.pipe.down.isEnding = true
            }
        }
        return moved
    }

    private func pullFront(_ place: Int) -> Bool {
        let front = fronts[place]
        var moved = false
        while let directive = front.core?.nextDirective() {
            moved = true
            switch directive {
            case .close(let id): connectionWire(place, id)?.pipe.down.isEnding = true
            case .observed(let channel, .message(let bytes)):
                front.heard.append((channel.text, String(decoding: bytes, as: UTF8.self)))
            case .pauseReading, .resumeReading, .observed: break
            case .admit(let id, _, _): front.core!.admitted(id, claims: [], now: now)
            case .http(let id, _): front.core!.answer(id, HTTPResponse(status: 404, text: "none\n"), now: now)
            case .connect(let trunk, let address): connectTrunk(place, trunk, address)
            case .send(let trunk, let bytes):
                trunkWires.first { $0.front == place && $0.frontTrunk == trunk }?.pipe.up.bytes += bytes
            case .closeTrunk(let trunk):
                trunkWires.first { $0.front == place && $0.frontTrunk == trunk }?.pipe.up.isEnding = true
            }
        }
        guard front.core?.owesAnything() ?? false else { return moved }
        front.core!.writeOwed(now: now) { id, parts in
            guard let wire = connectionWire(place, id) else { return .all }
            wire.pipe.down.bytes += parts.flatMap { Array($0) }
            return clients[wire.key.client].isReading ? .all : .someWait
        }
        return true
    }

    private func connectTrunk(_ place: Int, _ trunk: TrunkID, _ address: String) {
        let target = backs.firstIndex { $0.core != nil && "\($0.name):\($0.epoch)" == address }
        guard let target else { return fronts[place].core!.trunkClosed(trunk, now: now) }
        backs[target].lastTrunk += 1
        let wire = TrunkWire(
            front: place, frontTrunk: trunk, back: target, backTrunk: TrunkID(rawValue: backs[target].lastTrunk),
            pipe: Pipe())
        trunkWires.append(wire)
        backs[target].core!.trunkOpened(wire.backTrunk, now: now)
        fronts[place].core!.trunkConnected(trunk, now: now)
    }

    private func pullClient(_ place: Int) -> Bool {
        let client = clients[place]
        var moved = false
        while let directive = client.core.nextDirective() {
            moved = true
            switch directive {
            case .connect(let number): connect(place, number)
            case .send(let number, let bytes): wire(place, number)?.pipe.up.bytes += bytes
            case .close(let number): wire(place, number)?.pipe.up.isEnding = true
            case .tell(let event): note(event, client)
            }
        }
        return moved
    }

    private func connect(_ place: Int, _ number: TryNumber) {
        let client = clients[place]
        let front = fronts[client.front]
        front.lastConnection += 1
        let id = ConnectionID(rawValue: front.lastConnection)
        guard front.core?.accepted(id, peer: "client-\(place)", isLoopback: true, now: now) == true else {
            return client.core.disconnected(number, now: now)
        }
        clientWires.append(
            ClientWire(
                key: ClientKey(client: place, number: number), front: client.front, connection: id, pipe: Pipe()))
        client.core.connected(number, now: now)
    }

    private func note(_ event: ClientEvent, _ client: Client) {
        switch event {
        case .status(let status): client.statuses.append(status)
        case .committed(let channel, _):
            client.commitCount += 1
            check(client, channel)
        case .unlinked(let channel, let farewell, _): client.farewells.append((channel, farewell))
        case .granted(let channel, let grant, let isNew): client.grants.append((channel, grant, isNew))
        case .settled(_, let ticket, let outcome):
            if client.outcomes.updateValue(outcome, forKey: ticket) != nil {
                faults.append("input \(ticket) has two outcomes")
            }
        case .message(let channel, let version, let data):
            client.messages.append((channel, String(decoding: data, as: UTF8.self)))
            if let held = client.commits[channel]?.version, held < version {
                faults.append("a message of version \(version) was told at \(held)")
            }
        case .welcomed, .attached: break
        case .gap: client.gapCount += 1
        }
    }

    /// At a commit the client holds exactly what the back had at that version. Events are told behind the change, so the newest
    /// is what can be looked at.
    private func check(_ client: Client, _ channel: String) {
        guard let room = client.core.room(channel), let lineage = room.lineage else { return }
        if let last = client.commits[channel], last.lineage == lineage, last.version > room.version {
            faults.append("'\(channel)' went back from \(last.version) to \(room.version)")
        }
        client.commits[channel] = (lineage, room.version)
        guard let state = states[lineage]?[room.version] else {
            return faults.append("'\(channel)' never had version \(room.version) of lineage \(lineage)")
        }
        if state != room.mirror.encoded() { faults.append("'\(channel)' differs at version \(room.version)") }
        if audienceLimit > 0 { checkAudiences(room, lineage, client) }
    }

    /// Each audience that the client holds is what the back had of it then, and it holds those that its session was in.
    private func checkAudiences(_ room: ClientRoom, _ lineage: Lineage, _ client: Client) {
        let held = room.mirror.audiences
        for number in held where number > 0 && number <= audienceLimit {
            if audienceStates[lineage]?[room.version]?[number] != room.mirror.encoded(audience: number) {
                faults.append("'\(room.channel)' differs in audience \(number) at version \(room.version)")
            }
        }
        guard let session = client.core.session, let were = memberships[lineage]?[room.version]?[session] else {
            return
        }
        if !were.contains(held) {
            faults.append(
                "'\(room.channel)' is held for \(held) at version \(room.version), the session was in \(were)")
        }
        if let wrong = room.mirror.disagreement { faults.append("'\(room.channel)': \(wrong)") }
    }

    // MARK: Bytes

    private func moveBytes() -> Bool {
        var moved = false
        for wire in trunkWires where moveTrunk(wire) { moved = true }
        for wire in clientWires where moveConnection(wire) { moved = true }
        return moved
    }

    private func take(_ flow: inout Flow) -> [UInt8]? {
        guard !flow.bytes.isEmpty else { return nil }
        let count: Int
        switch delivery {
        case .whole: count = flow.bytes.count
        case .dripped:
            count = min(flow.bytes.count, Int.random(in: 1...(Bool.random(using: &dice) ? 3 : 200), using: &dice))
        }
        defer { flow.bytes.removeFirst(count) }
        return Array(flow.bytes.prefix(count))
    }

    private func moveTrunk(_ wire: TrunkWire) -> Bool {
        guard trunkWires.contains(where: { $0.pipe === wire.pipe }) else { return false }
        var moved = false
        if let bytes = take(&wire.pipe.up) {
            moved = true
            bytes.withUnsafeBytes { backs[wire.back].core?.receive($0, on: wire.backTrunk, now: now) }
        } else if wire.pipe.up.isEnding {
            breakTrunk(wire)
            return true
        }
        if let bytes = take(&wire.pipe.down) {
            moved = true
            bytes.withUnsafeBytes { fronts[wire.front].core?.receive($0, on: wire.frontTrunk, now: now) }
        } else if wire.pipe.down.isEnding {
            breakTrunk(wire)
            return true
        }
        return moved
    }

    private func moveConnection(_ wire: ClientWire) -> Bool {
        guard clientWires.contains(where: { $0.pipe === wire.pipe }) else { return false }
        let client = clients[wire.key.client]
        var moved = false
        if var bytes = take(&wire.pipe.up) {
            moved = true
            bytes.withUnsafeMutableBytes { fronts[wire.front].core?.receive($0, from: wire.connection, now: now) }
        } else if wire.pipe.up.isEnding {
            breakConnection(wire)
            return true
        }
        guard client.isReading else { return moved }
        if let bytes = take(&wire.pipe.down) {
            if let count = client.cut?(bytes) {
                client.cut = nil
                deliver(Array(bytes.prefix(count)), to: client, wire.key.number)
                breakConnection(wire)
                return true
            }
            deliver(client.tamper?(bytes) ?? bytes, to: client, wire.key.number)
            if wire.pipe.down.bytes.isEmpty { fronts[wire.front].core?.drained(wire.connection, now: now) }
            return true
        } else if wire.pipe.down.isEnding {
            breakConnection(wire)
            return true
        }
        return moved
    }

    private func deliver(_ bytes: [UInt8], to client: Client, _ number: TryNumber) {
        var bytes = bytes
        bytes.withUnsafeMutableBytes { client.core.receive($0, on: number, now: now) }
        // Each commit is looked at before the next one comes.
        if let place = clients.firstIndex(where: { $0 === client }) { _ = pullClient(place) }
    }

    private func breakTrunk(_ wire: TrunkWire) {
        trunkWires.removeAll { $0.pipe === wire.pipe }
        backs[wire.back].core?.trunkClosed(wire.backTrunk, now: now)
        fronts[wire.front].core?.trunkClosed(wire.frontTrunk, now: now)
    }

    private func breakConnection(_ wire: ClientWire) {
        clientWires.removeAll { $0.key == wire.key }
        fronts[wire.front].core?.connectionClosed(wire.connection, now: now)
        clients[wire.key.client].core.disconnected(wire.key.number, now: now)
    }

    private func wire(_ client: Int, _ number: TryNumber) -> ClientWire? {
        clientWires.first { $0.key == ClientKey(client: client, number: number) }
    }

    private func wire(of client: Client) -> ClientWire? {
        guard let place = clients.firstIndex(where: { $0 === client }) else { return nil }
        return clientWires.last { $0.key.client == place }
    }

    private func connectionWire(_ front: Int, _ id: ConnectionID) -> ClientWire? {
        clientWires.first { $0.front == front && $0.connection == id }
    }
}
