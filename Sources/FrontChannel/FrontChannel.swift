import Core
import Loop
import Node
import State

/// A channel as a front sees it, by id.
public struct FrontChannel: Sendable {
    let front: Front
    let id: ChannelID

    /// The channel's id.
    public var channel: String { id.text }

    /// Connects to the cluster and takes one channel of it; `Front.connect` is the same for many.
    public static func connect(
        _ channel: String, through hub: HubAddress = .environment, name: String? = nil, timeout: Duration = .seconds(15)
    ) async throws -> FrontChannel {
        try await Front.connect(through: hub, name: name, timeout: timeout).channel(channel)
    }

    /// Links to the back channel and answers when its state is here. A refused link throws with the back's reason; so does one
    /// that nobody answers within 5 s, and a second link to the same channel.
    ///
    /// `options` go to the back's rule with the wish, at most 16 KiB.
    public func link(options: [UInt8] = []) async throws -> Link {
        let id = id
        let outcome: Result<LinkStart, LinkFailure> = await withCheckedContinuation { continuation in
            front.mailbox.post { [shell = front.shell] in
                LinkObserver.begin(id, options, shell.value) { continuation.resume(returning: $0) }
            }
        }
        return Link(front: front, id: id, start: try outcome.get())
    }

    /// Sends a message to the back channel, without a link: at most once, a `.message` event of a later tick there. A channel
    /// that is not there yet comes to be. False if nobody serves it, or if its back cannot take it now.
    @discardableResult
    public func send(_ data: [UInt8]) async -> Bool {
        let id = id
        return await front.onLoop { shell in
            defer { shell.pump() }
            return shell.core.send(data, to: id, now: shell.loop.now)
        }
    }
}

/// What a link begins with.
struct LinkStart: Sendable {
    let state: EncodedState
    let data: [UInt8]
}

/// A link to a back channel: its state as bytes, and every change of it. A program has no session, so it sees what everyone
/// sees: the rows of other audiences are not for it.
public final class Link: Sendable {
    let front: Front
    let id: ChannelID
    /// The state as it was when the link was made.
    public let encodedState: ChannelState
    /// What the back's application gave with its yes.
    public let data: [UInt8]

    init(front: Front, id: ChannelID, start: LinkStart) {
        self.front = front
        self.id = id
        encodedState = ChannelState(start.state)
        data = start.data
    }

    deinit { front.mailbox.post { [id, shell = front.shell] in LinkObserver.end(id, shell.value) } }

    /// Every change from `encodedState` on. Pulled: while you are busy with one, what follows is squashed into the next, so
    /// nothing piles up. It ends when the link does, with the reason if it was not our wish.
    public var updates: Updates { Updates(front: front, id: id, from: encodedState) }

    /// The newest state.
    public var state: ChannelState? {
        get async {
            let id = id
            return await front.onLoop { $0.core.encodedState(of: id).map(ChannelState.init) }
        }
    }

    /// Sends a message to the back channel: at most once, a `.message` event of a later tick there.
    @discardableResult
    public func send(_ data: [UInt8]) async -> Bool {
        let id = id
        return await front.onLoop { shell in
            defer { shell.pump() }
            return shell.core.send(data, to: id, now: shell.loop.now)
        }
    }

    /// Messages that the back sends to its fronts, the newest 64 if nobody reads them.
    public var messages: AsyncStream<[UInt8]> {
        AsyncStream(bufferingPolicy: .bufferingNewest(64)) { continuation in
            front.mailbox.post { [id, shell = front.shell] in
                (shell.value.observers[id] as? LinkObserver)?.messages.append(continuation)
            }
        }
    }

    /// Asks the back for the state anew. The first update whose `renewal` counts this call has all of it, from a back that acted
    /// after the call.
    package func renew() { front.mailbox.post { [id, shell = front.shell] in LinkObserver.renew(id, shell.value) } }

    /// Ends the link.
    public func unlink() { front.mailbox.post { [id, shell = front.shell] in LinkObserver.end(id, shell.value) } }
}

/// A channel's state at a version, in the wire's form: schema and canonical patch from nothing. Forward it as it is, or read it.
public struct ChannelState: Sendable {
    /// Which run of versions this is; changes when a channel begins anew.
    public let lineage: UInt64
    /// Which life of a back acts for the channel; only grows.
    public let epoch: UInt64
    public let version: UInt64
    public let tick: UInt64
    /// docs/WIRE.md, "Schema".
    public let schema: [UInt8]
    /// docs/WIRE.md, "Patch": every row as an insert.
    public let bytes: [UInt8]

    init(_ state: EncodedState) {
        lineage = state.lineage.rawValue
        epoch = state.epoch.rawValue
        version = state.version.rawValue
        tick = state.tick.rawValue
        schema = state.schemaBytes
        bytes = state.patch
    }

    /// The state, decoded.
    public func mirror() throws -> ChannelMirror { try ChannelMirror(schema: schema, version: version, state: bytes) }
}

/// One change of a channel's state, `base → version`. The patch is empty where nothing changed for everyone.
public struct Update: Sendable {
    public let lineage: UInt64
    /// Which life of a back acts for the channel; only grows.
    public let epoch: UInt64
    /// What it applies to; nil if it is the whole state, because the channel began anew or you were away for long.
    public let base: UInt64?
    public let version: UInt64
    public let tick: UInt64
    /// docs/WIRE.md, "Schema"; empty unless this is the whole state.
    public let schema: [UInt8]
    /// docs/WIRE.md, "Patch".
    public let bytes: [UInt8]
    /// How many renewals of the link this follows.
    package let renewal: Int
}

/// The changes of a link, one at a time.
public struct Updates: AsyncSequence, Sendable {
    let front: Front
    let id: ChannelID
    let from: ChannelState

    public func makeAsyncIterator() -> Iterator {
        Iterator(front: front, id: id, lineage: from.lineage, version: from.version)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let front: Front
        let id: ChannelID
        var lineage: UInt64
        var version: UInt64
        var renewal = 0

        /// The next change, squashed from all that happened since the last one. Nil when the link was ended here; throws when
        /// the back ended it.
        public mutating func next() async throws -> Update? {
            let (id, held) = (id, LinkObserver.Held(lineage: lineage, version: version, renewal: renewal))
            let outcome: Result<Update?, LinkFailure> = await withCheckedContinuation { continuation in
                front.mailbox.post { [shell = front.shell] in
                    LinkObserver.awaitUpdate(id, shell.value, held) { continuation.resume(returning: $0) }
                }
            }
            guard let update = try outcome.get() else { return nil }
            lineage = update.lineage
            version = update.version
            renewal = update.renewal
            return update
        }
    }
}
