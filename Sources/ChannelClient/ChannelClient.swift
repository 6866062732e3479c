import Core
import Loop
import Node
import State

/// A session with a cluster, over one connection after the other: it reads channels and writes to one of them.
///
/// It comes back by itself when the connection is lost, with nothing lost and nothing applied twice. All clients of a process
/// share one thread. A client that is let go of says goodbye, as `close` does.
public final class ChannelClient: Sendable {
    private let face: OnLoop<ClientFace>
    private let mailbox: Mailbox
    /// This session's id, as the tables of the channels have it.
    public let session: SessionID

    private init(_ face: OnLoop<ClientFace>, _ mailbox: Mailbox, _ session: SessionID) {
        self.face = face
        self.mailbox = mailbox
        self.session = session
    }

    deinit { mailbox.post { [face] in face.value.close() } }

    /// Connects to `ws://127.0.0.1:8080/connect` or `tcp://127.0.0.1:8080` and answers when the session stands.
    ///
    /// - Throws: `ClientError` when the address cannot be used, when we are not let in, or when nobody answers in time; until
    ///   then it tries again.
    public static func connect(to url: String, options: ClientOptions = ClientOptions()) async throws -> ChannelClient {
        let address = try ClientAddress(url)
        let thread = try ClientThread.shared.get()
        let mailbox = thread.mailbox
        let outcome: Result<(OnLoop<ClientFace>, SessionID), ClientError> = await withCheckedContinuation { waiting in
            mailbox.post {
                let face = ClientFace(thread.group.value, address, options)
                face.connect(within: options.timeout) { answer in
                    waiting.resume(returning: answer.map { (OnLoop(face), $0) })
                }
            }
        }
        let (face, session) = try outcome.get()
        return ChannelClient(face, mailbox, session)
    }

    /// What another client needs, in `ClientOptions.resuming`, to be this session.
    public var token: ClientToken {
        get async { await face.call(mailbox) { $0.token } }
    }

    /// Reads a channel, and writes to it if `write` says so; answers when its first state is here. Reading it again answers the
    /// same channel.
    ///
    /// - Throws: `ClientError` with the reason when the channel is refused or nobody serves it.
    public func read(_ channel: String, write: Bool = false, options: [UInt8] = []) async throws -> Room {
        let outcome: Result<RoomFace, ClientError> = await withCheckedContinuation { waiting in
            mailbox.post { [face] in
                face.value.read(channel, write: write, options: options) { waiting.resume(returning: $0) }
            }
        }
        return Room(try outcome.get(), face, mailbox)
    }

    /// Moves the right to write to another channel, reading it if it is not read. Inputs to the old one that were not sent yet
    /// are refused; what is under way there is still acked. The rules of both channels are given the options with the change.
    ///
    /// - Throws: `ClientError` for what is no channel, one too many, or options above 16 KiB.
    public func write(_ channel: String, options: [UInt8] = []) async throws {
        try await face.call(mailbox) { $0.write(channel, options: options) }.get()
    }

    /// Gives the right to write back. The rule of the channel is given the options with the change.
    public func release(options: [UInt8] = []) async {
        _ = await face.call(mailbox) { $0.write(nil, options: options) }
    }

    /// Stops reading a channel.
    public func unread(_ channel: String) {
        mailbox.post { [face] in face.value.unread(channel) }
    }

    /// Says something beside the inputs to all channels that are read, or to those named: at most once, a `.message` event of a
    /// later tick there. False if the connection is away or one of them is not read: it is not kept.
    @discardableResult
    public func say(_ data: [UInt8], to channels: [String] = []) async -> Bool {
        await face.call(mailbox) { $0.say(data, to: channels) }
    }

    /// Says goodbye and ends the session. Inputs without an outcome are undecided.
    public func close() async {
        await face.call(mailbox) { $0.close() }
    }

    /// What this client has counted so far.
    package var counters: ClientCounters {
        get async { await face.call(mailbox) { $0.shell.core.counters } }
    }

    /// The connection is lost without a goodbye, as when a network breaks. For tests.
    package func cut() async {
        await face.call(mailbox) { $0.shell.cut() }
    }
}

/// How a client behaves. The defaults are good.
public struct ClientOptions: Sendable {
    /// Another client's session to go on with.
    public var resuming: ClientToken?
    /// What happens to inputs that a lost back leaves undecided.
    public var undecided = UndecidedPolicy.resend
    /// How long `connect` waits for its first welcome.
    public var timeout = Duration.seconds(15)

    public init() {}
}

/// The proof that a session is ours: whoever has it is that session. Keep it as you keep a password.
public struct ClientToken: Hashable, Sendable {
    public let bytes: [UInt8]
    /// How many connections the session has had: a later one names a higher number.
    public let attach: UInt64

    public init(bytes: [UInt8], attach: UInt64) {
        self.bytes = bytes
        self.attach = attach
    }
}

/// Why something with a client did not work out, in words for whoever asked for it.
public struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// docs/WIRE.md, "Codes"; 0 if the reason is our own.
    public let code: UInt16
    public let reason: String

    init(_ reason: String) {
        code = 0
        self.reason = reason
    }

    init(_ farewell: Farewell) {
        code = farewell.code.rawValue
        reason = farewell.reason
    }

    public var description: String { code == 0 ? reason : "\(reason) (\(code))" }
}
