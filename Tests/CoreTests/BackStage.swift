import Core
import State

/// Plays the fronts of a `BackCore`, frame by frame, and keeps what each trunk was told.
struct BackStage {
    static let key = ClusterKey(bytes: Array(repeating: 9, count: 32))!

    /// What the core said, decoded by kind.
    enum Said: Equatable {
        case challenge
        case accepted(Accepted)
        case bye(CloseCode?, String)
        case linked(Linked)
        case unlinked(Unlinked)
        case section(SectionHead, patch: [UInt8])
        case mark(Mark)
        case attached(MemberAttached)
        case dismissed(Dismissed)
        case granted(Granted)
        case revoked(Revoked)
        case acked(LinkNumber, TickNumber, [MemberNumber: InputNumber])
        case refused(MemberRefused)
        case toSessions(ToSessions)
        case toFront(ToFront)
        case credit(Credit)
        case pong(UInt64)
        case other(FrameKind)
    }

    var core: BackCore
    var now = Instant(nanoseconds: 1_000_000_000)
    private var handshakes: [TrunkID: ConnectorHandshake] = [:]
    private var readers: [TrunkID: FrameReader] = [:]
    private var said: [TrunkID: [Said]] = [:]
    private(set) var closed: [TrunkID: Farewell] = [:]
    /// What the hub was told, oldest first.
    private(set) var jobs: [JobMessage] = []
    /// Fronts that do not answer pings.
    var mute: Set<TrunkID> = []
    private(set) var order: [String] = []

    init(_ families: [(String, any Processor.Type, ChannelSettings)], seed: UInt64 = 1) {
        core = BackCore(
            identity: .init(
                name: "back-1", incarnation: Incarnation(rawValue: 77), epoch: Epoch(rawValue: 3), key: Self.key),
            families: families.map { ChannelFamily(pattern: family($0.0), type: $0.1, settings: $0.2) },
            seed: seed)
    }

    /// One family `room/*` of this rule.
    init(_ type: any Processor.Type, _ settings: ChannelSettings = ChannelSettings()) {
        self.init([("room/*", type, settings)])
    }

    // MARK: Trunks

    /// A trunk that is greeted, proved and accepted.
    mutating func trunk(_ number: UInt64, incarnation: UInt64? = nil) -> TrunkID {
        let id = connect(number, incarnation: incarnation)
        _ = take(id)
        return id
    }

    mutating func connect(
        _ number: UInt64, key: ClusterKey = Self.key, role: Role = .front, incarnation: UInt64? = nil,
        versions: ClosedRange<UInt8> = 1...1
    ) -> TrunkID {
        let id = TrunkID(rawValue: number)
        var greeting = Greeting(
            role: role, name: "front-\(number)", incarnation: Incarnation(rawValue: incarnation ?? number),
            nonce: Nonce(high: number, low: 5))
        greeting.lowestVersion = versions.lowerBound
        greeting.highestVersion = versions.upperBound
        let handshake = ConnectorHandshake(greeting: greeting, key: key)
        open(id)
        handshakes[id] = handshake
        send(handshake.opening, on: id)
        return id
    }

    /// A trunk on which nothing was said.
    mutating func open(_ id: TrunkID) {
        core.trunkOpened(id, now: now)
        readers[id] = FrameReader(limit: Limits.nodeFrameBytes)
        pump()
    }

    mutating func send(_ bytes: [UInt8], on id: TrunkID) {
        bytes.withUnsafeBytes { core.receive($0, on: id, now: now) }
        pump()
    }

    mutating func frame(_ kind: FrameKind, on id: TrunkID, _ body: (inout ByteWriter) -> Void = { _ in }) {
        var writer = ByteWriter()
        writer.frame(kind, body)
        send(writer.bytes, on: id)
    }

    mutating func lose(_ id: TrunkID) {
        core.trunkClosed(id, now: now)
        pump()
    }

    /// The hub says something.
    mutating func heard(_ message: JobMessage) {
        core.heard(message, now: now)
        pump()
    }

    // MARK: What fronts say

    mutating func link(_ link: UInt64, _ channel: String, on id: TrunkID) {
        let request = LinkRequest(link: LinkNumber(rawValue: link), channel: channel)
        frame(.link, on: id) { request.encode(into: &$0) }
    }

    mutating func attach(
        _ session: UInt64, as member: UInt64, on id: TrunkID, link: UInt64 = 1, attach: UInt64 = 1, writes: Bool = true,
        held: Held? = nil, claims: [Claim] = []
    ) {
        let frame = Attach(
            link: LinkNumber(rawValue: link), member: MemberNumber(rawValue: member),
            session: SessionID(high: 0, low: session), attach: AttachNumber(rawValue: attach), wantsWrite: writes,
            held: held, claims: claims)
        self.frame(.attach, on: id) { frame.encode(into: &$0) }
    }

    mutating func detach(_ member: UInt64, on id: TrunkID, link: UInt64 = 1, _ reason: DetachReason = .connectionLost) {
        let frame = Detach(link: LinkNumber(rawValue: link), member: MemberNumber(rawValue: member), reason: reason)
        self.frame(.detach, on: id) { frame.encode(into: &$0) }
    }

    mutating func want(_ member: UInt64, _ write: Bool, on id: TrunkID, _ options: String = "") {
        let want = Want(
            link: LinkNumber(rawValue: 1), member: MemberNumber(rawValue: member), write: write,
            options: Array(options.utf8))
        frame(.want, on: id) { want.encode(into: &$0) }
    }

    mutating func inputs(
        _ numbers: some Sequence<UInt64>, of member: UInt64, on id: TrunkID, link: UInt64 = 1,
        _ data: (UInt64) -> String = { "\($0)" }
    ) {
        frame(.trunkInputs, on: id) {
            $0.num(link)
            for number in numbers {
                $0.num(member)
                $0.num(number)
                $0.blob(Array(data(number).utf8))
            }
        }
    }

    // MARK: Time

    /// Runs whatever is due on the way through `duration`.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while let deadline = core.nextDeadline, deadline <= end {
            now = max(now, deadline)
            while let channel = core.tick(now: now) { order.append(channel) }
            pump()
        }
        now = end
    }

    /// One tick of `room/1` by hand.
    mutating func tick(_ channel: String = "room/1") {
        now = now + .milliseconds(50)
        _ = core.tickByHand(channel, now: now)
        pump()
    }

    // MARK: What was said

    /// What a trunk was told since the last call, without credit.
    mutating func take(_ id: TrunkID) -> [Said] {
        defer { said[id] = [] }
        return (said[id] ?? []).filter { if case .credit = $0 { false } else { true } }
    }

    mutating func credits(_ id: TrunkID) -> UInt64 {
        defer { said[id]?.removeAll { if case .credit = $0 { true } else { false } } }
        return (said[id] ?? []).reduce(0) { if case .credit(let credit) = $1 { $0 + credit.byteCount } else { $0 } }
    }

    mutating func pump() {
        while let directive = core.nextDirective() {
            switch directive {
            case .send(let id, let bytes): heard(bytes, on: id)
            case .close(let id, let farewell): closed[id] = farewell
            case .job(let message): jobs.append(message)
            }
        }
    }

    private mutating func heard(_ bytes: [UInt8], on id: TrunkID) {
        guard var reader = readers[id] else { return }
        var answers: [[UInt8]] = []
        do {
            try bytes.withUnsafeBytes { bytes in
                try reader.receive(
                    bytes,
                    { (frame) throws in
                        if case .send(let answer)? = try handshakes[id]?.receive(frame) { answers.append(answer) }
                        if frame.kind == .accepted { handshakes[id] = nil }
                        if frame.kind == .ping, !mute.contains(id) {
                            var pong = ByteWriter()
                            pong.frame(.pong) { $0.raw(Array(frame.body)) }
                            return answers.append(pong.bytes)
                        }
                        said[id, default: []].append(try Said(frame))
                    }, failed: { $0 as any Error })
            }
        } catch {
            handshakes[id] = nil
            if let farewell = error as? Farewell { said[id, default: []].append(.bye(farewell.code, farewell.reason)) }
        }
        readers[id] = reader
        for answer in answers { send(answer, on: id) }
    }
}

extension BackStage.Said {
    init(_ frame: Frame) throws {
        switch frame.kind {
        case .challenge: self = .challenge
        case .accepted: self = .accepted(try frame.decode(Accepted.init(from:)))
        case .bye:
            let bye = try frame.decode(Bye.init(from:))
            self = .bye(CloseCode(rawValue: bye.code), bye.reason)
        case .linked: self = .linked(try frame.decode(Linked.init(from:)))
        case .unlinked: self = .unlinked(try frame.decode(Unlinked.init(from:)))
        case .section:
            var reader = ByteReader(frame.body)
            let head = try SectionHead(from: &reader)
            if head.hasSchema { _ = try SchemaDescription(&reader) }
            self = .section(head, patch: Array(reader.rest()))
        case .mark: self = .mark(try frame.decode(Mark.init(from:)))
        case .attached: self = .attached(try frame.decode(MemberAttached.init(from:)))
        case .dismissed: self = .dismissed(try frame.decode(Dismissed.init(from:)))
        case .granted: self = .granted(try frame.decode(Granted.init(from:)))
        case .revoked: self = .revoked(try frame.decode(Revoked.init(from:)))
        case .acked:
            var reader = ByteReader(frame.body)
            let (link, tick): (LinkNumber, TickNumber) = (try reader.num(), try reader.num())
            var acks: [MemberNumber: InputNumber] = [:]
            while !reader.isAtEnd { acks[try reader.num()] = try reader.num() }
            self = .acked(link, tick, acks)
        case .refused: self = .refused(try frame.decode(MemberRefused.init(from:)))
        case .toSessions: self = .toSessions(try frame.decode(ToSessions.init(from:)))
        case .toFront: self = .toFront(try frame.decode(ToFront.init(from:)))
        case .credit: self = .credit(try frame.decode(Credit.init(from:)))
        case .pong: self = .pong(try frame.decode { (reader) throws(WireError) in try reader.u64() })
        default: self = .other(frame.kind)
        }
    }
}

extension [BackStage.Said] {
    /// The kinds in order, for what must come before what.
    var kinds: [String] {
        map { said in
            switch said {
            case .section: "section"
            case .mark: "mark"
            case .linked: "linked"
            case .unlinked: "unlinked"
            case .attached: "attached"
            case .dismissed: "dismissed"
            case .granted: "granted"
            case .revoked: "revoked"
            case .acked: "acked"
            case .refused: "refused"
            case .toSessions: "toSessions"
            case .toFront: "toFront"
            case .bye: "bye"
            case .challenge: "challenge"
            case .accepted: "accepted"
            case .credit: "credit"
            case .pong: "pong"
            case .other(let kind): "\(kind)"
            }
        }
    }
    var acks: [[UInt64: UInt64]] {
        compactMap {
            guard case .acked(_, _, let acks) = $0 else { return nil }
            return Dictionary(uniqueKeysWithValues: acks.map { ($0.key.rawValue, $0.value.rawValue) })
        }
    }
    var granted: [Granted] { compactMap { if case .granted(let granted) = $0 { granted } else { nil } } }
    var revoked: [Revoked] { compactMap { if case .revoked(let revoked) = $0 { revoked } else { nil } } }
    var refused: [UInt64] { compactMap { if case .refused(let refused) = $0 { refused.number.rawValue } else { nil } } }
    var attached: [MemberAttached] { compactMap { if case .attached(let attached) = $0 { attached } else { nil } } }
    var linked: [Linked] { compactMap { if case .linked(let linked) = $0 { linked } else { nil } } }
    var sections: [SectionHead] { compactMap { if case .section(let head, _) = $0 { head } else { nil } } }
    var marks: [Mark] { compactMap { if case .mark(let mark) = $0 { mark } else { nil } } }
    var farewells: [CloseCode] {
        compactMap {
            switch $0 {
            case .bye(let code, _): code
            case .dismissed(let dismissed): dismissed.farewell.code
            case .unlinked(let unlinked): unlinked.farewell.code
            default: nil
            }
        }
    }
}

/// Writes every event into a table, so that tests read what the rule saw and in which order.
struct Diary: Processor {
    let lines: Table<Int, Line>
    let sums: Table<SessionID, Sum>

    struct Line: Row {
        var text = ""
        static let schema = Schema<Line>(.field("text", \.text))
    }
    struct Sum: Row {
        var count: Int64 = 0
        var last = ""
        static let schema = Schema<Sum>(.field("count", \.count), .field("last", \.last))
    }

    init(_ state: inout State) {
        lines = state.table("lines")
        sums = state.table("sums")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request):
                let name = request.session?.claims["name"] ?? request.front
                if name.hasPrefix("bad") || request.front == "front-13" { tick.refuse(request, "no \(name)") }
            case .joined(let session): note("joined \(session.id.low)")
            case .detached(let id): note("detached \(id.low)")
            case .returned(let session): note("returned \(session.id.low)")
            case .left(let id, let reason): note("left \(id.low) \(reason)")
            case .writeGranted(let id, _): note("writes \(id.low)")
            case .writeRevoked(let id, _): note("reads \(id.low)")
            case .answered(let answered): note("answered \(answered.answer)")
            case .linked(let front): note("linked \(front)")
            case .unlinked(let front): note("unlinked \(front)")
            case .message(let message): note("message \(message.bytes.text ?? "")")
            case .input(let input): apply(input, &tick)
            }
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        let text = input.bytes.text ?? ""
        switch text.first {
        case "!"?: tick.refuse(input, "no exclamations")
        case "."?: break
        case ">"?: tick.sendToAll(Array(text.utf8))
        case "r"?: tick.rate = .hertz(Double(text.dropFirst()) ?? 0)
        case "x"?: sums[input.session, default: Sum()].last = text
        default:
            sums[input.session, default: Sum()].count += 1
            sums[input.session, default: Sum()].last = text
        }
    }

    private func note(_ text: String) { lines[lines.count] = Line(text: text) }
}

extension BackStage {
    /// What the diary of a channel says.
    func diary(_ channel: String = "room/1") -> [String] {
        guard let diary = core.processor(of: channel) as? Diary else { return [] }
        return diary.lines.map(\.value.text)
    }

    func sum(_ session: UInt64, _ channel: String = "room/1") -> Int64 {
        (core.processor(of: channel) as? Diary)?.sums[SessionID(high: 0, low: session)]?.count ?? 0
    }
}
