import Core
import Loop
import State
import Synchronization

/// One channel that a client reads: its newest state, its messages, and inputs to it.
public final class Room: Sendable {
    private let face: RoomFace
    private let client: OnLoop<ClientFace>
    private let mailbox: Mailbox

    init(_ face: RoomFace, _ client: OnLoop<ClientFace>, _ mailbox: Mailbox) {
        self.face = face
        self.client = client
        self.mailbox = mailbox
    }

    /// The channel's id.
    public var channel: String { face.channel }

    /// Which run of versions is held; another one when the channel began anew.
    public var lineage: UInt64 { face.figures.withLock { $0.lineage } }
    public var version: UInt64 { face.figures.withLock { $0.version } }
    public var tick: UInt64 { face.figures.withLock { $0.tick } }
    /// Our number in this channel: our key in tables keyed by sessions. Another one in a new lineage; nil before the first state.
    public var me: SessionNumber? { face.figures.withLock { $0.me } }
    /// What the application said when it let us in.
    public var data: [UInt8] { face.figures.withLock { $0.data } }
    /// Messages that nobody fetched in time.
    public var droppedMessageCount: UInt64 { face.figures.withLock { $0.droppedMessageCount } }

    /// The newest whole state; the last one if the channel is over. It is a value: it does not change while you look at it.
    public var state: ChannelMirror {
        get async {
            let channel = channel
            let state = await client.call(mailbox) { $0.state(of: channel) }
            return state?.mirror ?? face.figures.withLock { $0.last } ?? ChannelMirror()
        }
    }

    /// The newest state, whenever it is another. Pulled: while you are busy with one, those that follow become one. It ends
    /// with the channel.
    public var updates: RoomUpdates { RoomUpdates(face: face, client: client, mailbox: mailbox) }

    /// What the application sends to this session beside the state, in order. For one reader; 64 wait, then new ones are dropped
    /// and counted.
    public var messages: AsyncStream<RoomMessage> { face.messages }

    /// Sends an input and answers what became of it. It waits while the connection is away. `immediate` ones do not wait at the
    /// front for others; their order stays.
    public func send(_ bytes: [UInt8], pace: InputPace = .batched) async -> InputOutcome {
        let channel = channel
        return await withCheckedContinuation { waiting in
            mailbox.post { [client] in
                client.value.send(bytes, to: channel, pace: pace) { waiting.resume(returning: $0) }
            }
        }
    }

    /// Says something beside the inputs, with or without the right to write: at most once, a `.message` event of a later tick. It
    /// leaves at once, behind the inputs sent before it. False if the connection is away: it is not kept.
    @discardableResult
    public func say(_ data: [UInt8]) async -> Bool {
        let channel = channel
        return await client.call(mailbox) { $0.say(data, to: [channel]) }
    }
}

/// A channel's state at one version.
public struct RoomState: Sendable {
    public let mirror: ChannelMirror
    public let lineage: UInt64
    public let version: UInt64
    public let tick: UInt64
    /// Our key in tables keyed by sessions.
    public let me: SessionNumber?

    /// Nil before the first state.
    init?(_ room: ClientRoom) {
        guard let lineage = room.lineage else { return nil }
        mirror = room.mirror
        self.lineage = lineage.rawValue
        version = room.version.rawValue
        tick = room.tick.rawValue
        me = room.me
    }
}

/// A message of a channel's application to this session.
public struct RoomMessage: Sendable {
    /// The version of the state that it goes with; that much is held when it is told.
    public let version: UInt64
    public let bytes: [UInt8]
}

/// The states of a room, one at a time, beginning with the one that is held.
public struct RoomUpdates: AsyncSequence, Sendable {
    let face: RoomFace
    let client: OnLoop<ClientFace>
    let mailbox: Mailbox

    public func makeAsyncIterator() -> Iterator { Iterator(updates: self) }

    public struct Iterator: AsyncIteratorProtocol {
        let updates: RoomUpdates
        var held: (lineage: UInt64, version: UInt64)?

        /// The newest state, once it is another than the last one; nil when the channel is over.
        public mutating func next() async -> RoomState? {
            let (held, face, client) = (held, updates.face, updates.client)
            let state: RoomState? = await withCheckedContinuation { waiting in
                updates.mailbox.post {
                    client.value.awaitState(face, beyond: held) { waiting.resume(returning: $0) }
                }
            }
            self.held = state.map { ($0.lineage, $0.version) }
            return state
        }
    }
}

/// What the two sides of a room share: figures under a lock, and the loop's list of who waits.
final class RoomFace: Sendable {
    struct Figures {
        var lineage: UInt64 = 0
        var version: UInt64 = 0
        var tick: UInt64 = 0
        var me: SessionNumber?
        var data: [UInt8] = []
        var droppedMessageCount: UInt64 = 0
        /// Kept when the channel ended.
        var last: ChannelMirror?
    }

    let channel: String
    let figures = Mutex(Figures())
    let messages: AsyncStream<RoomMessage>
    private let messageEnd: AsyncStream<RoomMessage>.Continuation
    /// Only the loop's thread looks here.
    nonisolated(unsafe) var waiting: [(RoomState?) -> Void] = []

    init(_ channel: String) {
        self.channel = channel
        (messages, messageEnd) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(ClientLimits.heldMessages))
    }

    func attached(_ data: [UInt8]) { figures.withLock { $0.data = data } }

    func committed(_ room: ClientRoom) {
        figures.withLock {
            $0.lineage = room.lineage?.rawValue ?? 0
            $0.version = room.version.rawValue
            $0.tick = room.tick.rawValue
            $0.me = room.me
        }
    }

    func message(_ version: UInt64, _ bytes: [UInt8]) {
        if case .dropped = messageEnd.yield(RoomMessage(version: version, bytes: bytes)) {
            figures.withLock { $0.droppedMessageCount += 1 }
        }
    }

    func end(last: ChannelMirror?) {
        figures.withLock { $0.last = last }
        messageEnd.finish()
        let ended = waiting
        waiting = []
        for done in ended { done(nil) }
    }
}
