import Core
import State

/// A back channel without sockets: what an application tests its `Processor` with.
///
/// The core, the inbox, the ticks and the bytes on the wire are the real ones; only the clock, which moves by `tick`, and the
/// fronts are played. Nothing happens between ticks: who joins, sends or leaves is dealt with by the next one, in that order.
///
///     var stage = Rehearsal(Arena.self, seed: 1)
///     let ann = stage.join("ann")
///     stage.send(Array(#"{"move":[1,0]}"#.utf8), from: ann)
///     stage.tick()
///     #expect(stage.view(of: ann).players[ann]?.score == 0)
///
/// The same seed gives the same session ids and dice. A copy is the same stage.
public struct Rehearsal<P: Processor> {
    private let stage: RehearsalStage

    /// A fresh channel of this rule. A rule whose tables cannot work stops the test with the reason.
    public init(
        _ type: P.Type, seed: UInt64, channel: String = "rehearsal/1", settings: ChannelSettings = ChannelSettings()
    ) {
        stage = RehearsalStage(type, seed: seed, channel: channel, settings: settings)
    }

    // MARK: Clients

    /// A session comes, with `name` as its claim of that name, and wants to write.
    @discardableResult
    public mutating func join(_ name: String, options: [UInt8] = [], front: String = "front-1") -> SessionID {
        join(claims: ["name": name], options: options, front: front)
    }

    /// A session comes with these claims.
    ///
    /// - Parameters:
    ///   - options: what the client gives with its wish to read the channel.
    ///   - role: whether it wants the write grant.
    ///   - front: the front process that it comes through; one that is new links first.
    @discardableResult
    public mutating func join(
        claims: [String: String], options: [UInt8] = [], role: RehearsedRole = .writer, front: String = "front-1"
    ) -> SessionID {
        stage.join(claims: claims, options: options, role: role, front: front)
    }

    /// A session sends an input. One that is away keeps it and sends it when it is back.
    public mutating func send(_ data: [UInt8], from session: SessionID) { stage.send(data, from: session) }

    /// A session's connection is lost.
    public mutating func detach(_ session: SessionID) { stage.detach(session, .connectionLost) }

    /// A session comes back, through the front it was at or another one.
    public mutating func attach(_ session: SessionID, front: String? = nil) { stage.attach(session, front: front) }

    /// A session says goodbye.
    public mutating func leave(_ session: SessionID) { stage.detach(session, .leftForGood) }

    // MARK: Fronts

    /// A front links, without any session. Fronts that sessions come through link by themselves.
    public mutating func link(front: String, options: [UInt8] = []) { stage.link(front, options: options) }

    /// A front process dies: its sessions lose their connections.
    public mutating func unlink(front: String) { stage.unlink(front) }

    /// A message outside the inputs: from a session, or from a front for itself.
    public mutating func message(_ data: [UInt8], from session: SessionID) { stage.message(data, from: session) }
    public mutating func message(_ data: [UInt8], fromFront front: String) { stage.message(data, fromFront: front) }

    /// A message from another channel, carried by a front.
    public mutating func message(_ data: [UInt8], fromChannel channel: String, through front: String = "front-1") {
        stage.message(data, fromChannel: channel, through: front)
    }

    // MARK: Time

    /// Runs this many ticks, each a period of the channel's rate after the one before.
    public mutating func tick(_ count: Int = 1) {
        for _ in 0..<count { stage.tick(after: stage.period) }
    }

    /// Lets the time pass without ticks, then runs one: for what waits for a deadline.
    public mutating func tick(after pause: Duration) { stage.tick(after: pause) }

    // MARK: Jobs

    /// What the rule submitted and asked for, in the order in which it left, each time that it was said to the hub. The hub of a
    /// rehearsal takes everything and works on nothing by itself.
    public var jobs: [RehearsedJob] { stage.jobs }

    /// A worker has done it: asks for it are answered in the next tick, with this as their result.
    public mutating func finish(_ work: Work, result: [UInt8]? = nil) { stage.end(work, .done, result: result) }

    /// It failed for good.
    public mutating func fail(_ work: Work, _ reason: String) { stage.end(work, .dead(error: reason), result: nil) }

    /// From now on the hub says no to it: kinds that are not declared are refused like this.
    public mutating func refuse(_ work: Work) { stage.refuse(work, .unknownKind) }

    /// The hub is away; what is submitted waits in the outbox until it is back.
    public mutating func hubLeaves() { stage.hubLeaves() }
    public mutating func hubReturns() { stage.hubReturns() }

    // MARK: What came of it

    /// The channel as that session's client holds it: the rows of the audiences that it is in.
    public func view(of session: SessionID) -> RehearsedView<P> {
        RehearsedView(processor: processor, mirror: stage.client(session).mirror)
    }

    /// What became of each input of a session, in the order they were sent.
    public func outcomes(of session: SessionID) -> [RehearsedOutcome] { stage.client(session).outcomes }

    /// The messages that reached a session, oldest first.
    public func messages(to session: SessionID) -> [[UInt8]] { stage.client(session).messages }

    /// The messages that reached a front for itself, oldest first.
    public func messages(toFront front: String) -> [[UInt8]] { stage.fronts[front]?.messages ?? [] }

    /// The messages that were given to fronts for another channel, by front, oldest first.
    public func messages(toChannel channel: String) -> [[UInt8]] {
        stage.fronts.sorted { $0.key < $1.key }.flatMap(\.value.relayed).filter { $0.channel == channel }.map(\.data)
    }

    /// Where a session stands.
    public func place(of session: SessionID) -> RehearsedPlace { stage.client(session).place }

    /// What the rule gave with its yes to a session; empty if it gave nothing.
    public func welcome(of session: SessionID) -> [UInt8] { stage.client(session).welcome }

    /// The rule itself, with the live tables.
    public var processor: P {
        guard let processor = stage.processor as? P else { preconditionFailure("the channel has closed") }
        return processor
    }

    /// Ticks so far.
    public var tickCount: UInt64 { stage.tickCount }

    /// Changes so far: ticks that changed nothing do not count.
    public var version: UInt64 { stage.version }

    /// How large the last tick's patches were, those of all audiences together; 0 if it changed nothing.
    public var patchByteCount: Int { stage.patchByteCount }
}

/// What a session at a rehearsal is there for.
public enum RehearsedRole: Hashable, Sendable {
    case writer
    case reader
}

/// What became of an input.
public enum RehearsedOutcome: Hashable, Sendable {
    /// Not answered yet.
    case pending
    case acked
    /// The rule said no, with this reason.
    case refused(String)
    /// Its grant is over and nobody will say.
    case undecided
}

/// Where a session stands.
public enum RehearsedPlace: Hashable, Sendable {
    /// Asked for, not answered.
    case waiting
    case attached
    case detached
    /// Said goodbye.
    case left
    /// Refused or dismissed, with the reason it was told.
    case dismissed(String)
}

/// The channel as one client holds it: `view.players[ann]?.x`, by the names of the rule's tables.
@dynamicMemberLookup
public struct RehearsedView<P: Processor> {
    let processor: P
    let mirror: ChannelMirror

    /// The rows of a table at the client, by key.
    public subscript<K: TableKey, R: Row>(dynamicMember table: KeyPath<P, Table<K, R>>) -> [K: R] {
        processor[keyPath: table].rows(in: mirror)
    }

    /// The version that the client holds; 0 before it was let in.
    public var version: UInt64 { mirror.version }

    /// The mirror itself, for tables that the rule has no property for.
    public var rows: ChannelMirror { mirror }
}
