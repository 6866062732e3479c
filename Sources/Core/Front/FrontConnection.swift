import CHint
import State

/// A client's connection, numbered by the front, never used again.
package struct ConnectionID: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How a client wants to be spoken to.
package enum ClientFormat: Sendable {
    /// Frames on a plain stream.
    case plain
    /// Frames in WebSocket messages: `switchback.1`.
    case webSocket
    /// JSON texts in WebSocket messages: `switchback.json.1`.
    case text
}

/// A WebSocket's reading half. A reference, because the reader may not be copied and the phase around it is.
final class WebSocketInput {
    @exclusivity(unchecked) var reader: WebSocketReader

    init(messageBytes: Int) { reader = WebSocketReader(role: .server, messageLimit: messageBytes) }
}

/// One connection at the public listener, from its first byte to its close.
///
/// Reached only through the core, whose own methods exclude one another: what every read and write of a client looks at is
/// not checked for that once more.
///
/// `opening → http → (admitting → client) | (body →) answering → http …`, `opening → plain → admitting → client`, any → `closing`, which is final.
final class FrontConnection {
    /// What only requests need lies elsewhere: a client that stays has room for a client.
    enum Phase {
        /// Nothing is known but the first bytes.
        case opening
        /// Reading requests.
        indirect case http(HTTPHeadReader)
        /// Reading a request's body.
        indirect case body(HTTPBodyIntake)
        /// A request is with the shell; what follows it waits.
        indirect case answering(HTTPRequestHead)
        /// A plain stream that has not greeted yet.
        case greeting(FrameReader)
        /// The application is asked who this is.
        case admitting(Pending)
        /// In: the first thing a client says is hello.
        case client(Input)
        case closing
    }

    /// What goes on when the application has said yes.
    enum Pending {
        case webSocket(accept: [UInt8], ClientFormat)
        case plain(FrameReader)
    }

    enum Input {
        case plain(FrameReader)
        case webSocket(WebSocketInput)
    }

    enum Standing {
        case served
        /// The table is full: it is told so as soon as it can be, and served nothing but plain HTTP.
        case turnedAway
    }

    // What an ack and a read of inputs look at, side by side.
    let id: ConnectionID
    /// Those with whom its writing goes on, and its place among them; nil while it goes its own way.
    @exclusivity(unchecked) var cohort: Cohort?
    @exclusivity(unchecked) var cohortPlace = 0
    @exclusivity(unchecked) var inputWay: InputWay?
    @exclusivity(unchecked) var heardAt: Instant
    @exclusivity(unchecked) var pingedAt: Instant?

    let peer: String
    var standing = Standing.served
    let isLoopback: Bool
    /// When the handshake or request that goes on now began: bytes that drip do not lengthen it.
    var beganAt: Instant
    @exclusivity(unchecked) var phase: Phase = .opening { didSet { inputWay = nil } }
    @exclusivity(unchecked) var format: ClientFormat = .plain
    /// Bytes that arrived and could not be read yet.
    @exclusivity(unchecked) var held: [UInt8] = []
    var claims: [Claim] = []
    /// What the client is told to go on with, once it has said hello.
    @exclusivity(unchecked) var stay: ClientStay? { didSet { inputWay = nil } }

    /// HTTP requests that were answered on it.
    var answerCount: UInt32 = 0
    /// The body of the request that is read or answered now.
    var body: [UInt8] = []
    /// What `body` counts for among the bodies of all connections; stays until the answer is there.
    var bodyByteCount = 0

    // What is owed, in the order in which it is written.
    /// HTTP answers and WebSocket control frames, as they are.
    @exclusivity(unchecked) var raw = ByteWriter()
    /// Messages that stand before state: welcome, attached, unlinked.
    @exclusivity(unchecked) var head = ByteWriter()
    /// Those that stand behind it: grants, refusals, acks.
    @exclusivity(unchecked) var decisions = ByteWriter()
    @exclusivity(unchecked) var pendingAck: ClientAcked?
    @exclusivity(unchecked) var messages = WaitingMessages()
    @exclusivity(unchecked) var farewell: Farewell?
    /// Whether the peer is told the farewell in its own language before the close.
    var saysBye = false
    /// What a WebSocket that closed by itself is answered.
    var closeCode: UInt16 = 1000
    @exclusivity(unchecked) var attach = AttachNumber(rawValue: 0)
    /// Whether it has shown that it is more than a socket.
    var isProven = false

    /// What it says beside its inputs.
    var speech = SpeechRate()

    // Where the writing stands.
    @exclusivity(unchecked) var isWaitingToWrite = false
    @exclusivity(unchecked) var isWaitingForTurn = false
    @exclusivity(unchecked) var isBlocked = false
    @exclusivity(unchecked) var blockedSince: Instant?

    /// The places of the links that take no more from it now; it is not read while there is one.
    @exclusivity(unchecked) var stalledLinks: [Int] = []

    init(id: ConnectionID, peer: String, isLoopback: Bool, now: Instant) {
        self.id = id
        self.peer = peer
        self.isLoopback = isLoopback
        beganAt = now
        heardAt = now
    }

    /// Brings near what an ack or a read of inputs looks at.
    @inline(__always)
    static func bringNear(_ connection: Unmanaged<FrontConnection>) {
        chint_near(connection.toOpaque())
        chint_near(connection.toOpaque() + 64)
    }

    /// What waits for the peer to read.
    var owedByteCount: Int { raw.count + head.count + decisions.count + messages.byteCount }

    /// Nothing waits but what its reading owes it, in frames, and an ack.
    var owesNothingAside: Bool {
        raw.count == 0 && head.count == 0 && decisions.count == 0 && messages.count == 0 && format != .text
            && !isBlocked && !isClosing
    }

    var isClient: Bool {
        if case .client = phase { true } else { false }
    }

    var isClosing: Bool {
        if case .closing = phase { true } else { false }
    }
}

/// A session, as the front that serves it knows it.
final class ClientStay {
    let session: SessionID
    let attach: AttachNumber
    private unowned let connection: FrontConnection
    @exclusivity(unchecked) var reads: [ClientRead] = []
    /// The channel whose grant the client wants.
    var write: String?
    /// What the rules are given with that wish.
    var writeOptions: [UInt8] = []
    /// The channel that has not confirmed yet that the grant is revoked, and since when.
    var revoking: (channel: String, since: Instant)?
    @exclusivity(unchecked) var grant: GrantID? { didSet { connection.inputWay = nil } }
    /// The channel that `grant` is for.
    @exclusivity(unchecked) var grantedChannel: String? { didSet { grantedRead = nil } }
    /// Where in `reads` that channel was when last looked for, and which read that is.
    @exclusivity(unchecked) private var grantedRead: (place: Int, link: Int, member: MemberNumber)?

    init(session: SessionID, attach: AttachNumber, on connection: FrontConnection) {
        self.session = session
        self.attach = attach
        self.connection = connection
    }

    /// The channel's grant is over, where it is the one that the client has: the one it wants may be another.
    func endGrant(of channel: String) {
        if grantedChannel == channel { grant = nil }
    }

    /// The place in `reads` of the channel that the grant is for.
    func placeOfGrant() -> Int? {
        if let (place, link, member) = grantedRead, place < reads.count, reads[place].link == link,
            reads[place].member == member
        {
            return place
        }
        guard let place = reads.firstIndex(where: { $0.channel == grantedChannel }) else { return nil }
        grantedRead = (place, reads[place].link, reads[place].member)
        return place
    }
}

/// One channel that a client reads.
struct ClientRead {
    enum Phase {
        /// The back has not let the session in yet.
        case attaching
        /// What the client holds once all that was written has arrived; nil is nothing.
        case live(sent: Version?)
        /// As `live`; what the client holds its cohort says.
        case together
    }

    let channel: String
    /// The link's place among the front's links.
    let link: Int
    var member: MemberNumber
    /// What the client says it holds.
    var held: Held?
    let options: [UInt8]
    var phase: Phase = .attaching
    /// Nil for a reader of everyone alone.
    var others: OtherAudiences?
    /// State on its way in pieces.
    var transfer: StateTransfer?
    /// Whether a message was sent meanwhile that names a version which the reader is yet to be told of.
    var owesMark = false

    var isLive: Bool {
        switch phase {
        case .attaching: false
        case .live, .together: true
        }
    }
}
