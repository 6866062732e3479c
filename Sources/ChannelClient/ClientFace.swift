import Core
import Loop
import Node
import State

/// Who waits for what of one client. On the loop's thread; the async face posts to it.
final class ClientFace: ClientShellDelegate {
    typealias Answer<T> = (Result<T, ClientError>) -> Void

    let shell: ClientShell
    private let loop: EventLoop
    private var connecting: Answer<SessionID>?
    private var lastFailure = ClientError("nobody answered in time")
    private var timer: Loop.Timer?
    private var rooms: [String: RoomFace] = [:]
    private var reading: [String: [Answer<RoomFace>]] = [:]
    private var sending: [InputTicket: (InputOutcome) -> Void] = [:]

    init(_ group: ClientGroup, _ address: ClientAddress, _ options: ClientOptions) {
        var settings = ClientSettings(transport: address.transport)
        settings.undecided = options.undecided
        if let resuming = options.resuming {
            settings.token = resuming.bytes
            settings.attach = AttachNumber(rawValue: resuming.attach)
        }
        loop = group.loop
        shell = ClientShell(in: group, to: address.socket, settings: settings)
        shell.delegate = self
    }

    var token: ClientToken { ClientToken(bytes: shell.core.token, attach: shell.core.attach.rawValue) }

    func connect(within timeout: Duration, _ done: @escaping Answer<SessionID>) {
        connecting = done
        timer = try? Loop.Timer(on: loop) { [self] in
            connected(.failure(lastFailure))
            close()
        }
        timer?.arm(afterMilliseconds: UInt64(max(0, timeout.wholeNanoseconds)) / 1_000_000)
        shell.start()
    }

    func read(_ channel: String, write: Bool, options: [UInt8], _ done: @escaping Answer<RoomFace>) {
        do throws(ClientError) {
            try shell.read(channel, options: options)
            if write { try shell.write(channel) }
        } catch {
            return done(.failure(error))
        }
        if shell.core.isStopped { return done(.failure(ClientError("the session is over"))) }
        let face = rooms[channel] ?? RoomFace(channel)
        rooms[channel] = face
        if let room = shell.core.room(channel), room.lineage != nil, room.isAttached { return done(.success(face)) }
        reading[channel, default: []].append(done)
    }

    func write(_ channel: String?, options: [UInt8]) -> Result<Void, ClientError> {
        Result { () throws(ClientError) in try shell.write(channel, options: options) }
    }

    func unread(_ channel: String) {
        end(channel, ClientError("'\(channel)' is no longer read"))
        shell.unread(channel)
    }

    func close() { shell.close() }

    func say(_ data: [UInt8], to channels: [String]) -> Bool { shell.say(data, to: channels) }

    func send(
        _ bytes: [UInt8], to channel: String, pace: InputPace, _ done: @escaping (InputOutcome) -> Void
    ) {
        switch shell.send(bytes, to: channel, pace: pace) {
        case .queued(let ticket): sending[ticket] = done
        case .refused(let reason): done(.refused(reason))
        }
    }

    /// The newest state of a channel, as soon as it is another than the one named. Nil when the channel is over.
    func awaitState(
        _ face: RoomFace, beyond held: (lineage: UInt64, version: UInt64)?, _ done: @escaping (RoomState?) -> Void
    ) {
        guard rooms[face.channel] === face else { return done(nil) }
        if let state = state(of: face.channel), held.map({ $0 != (state.lineage, state.version) }) ?? true {
            return done(state)
        }
        face.waiting.append(done)
    }

    func state(of channel: String) -> RoomState? { shell.core.room(channel).flatMap(RoomState.init) }

    // MARK: What the client tells

    func client(_ client: ClientShell, told event: ClientEvent) {
        switch event {
        case .status(.connecting), .status(.connected), .granted, .gap: break
        case .status(.waiting(_, let code, let reason)): lastFailure = ClientError(Farewell(code, reason))
        case .status(.stopped(let code, let reason)): stopped(ClientError(Farewell(code, reason)))
        case .welcomed(let session, _): connected(.success(session))
        case .attached(let channel, let data): rooms[channel]?.attached(data)
        case .committed(let channel, _): committed(channel)
        case .unlinked(let channel, let farewell, let isFinal): unlinked(channel, farewell, isFinal)
        case .settled(_, let ticket, let outcome): sending.removeValue(forKey: ticket)?(outcome)
        case .message(let channel, let version, let data): rooms[channel]?.message(version.rawValue, data)
        }
    }

    private func connected(_ outcome: Result<SessionID, ClientError>) {
        timer?.close()
        timer = nil
        connecting?(outcome)
        connecting = nil
    }

    private func stopped(_ error: ClientError) {
        connected(.failure(error))
        for channel in rooms.keys.sorted() { end(channel, error) }
    }

    private func committed(_ channel: String) {
        guard let room = shell.core.room(channel), let face = rooms[channel] else { return }
        face.committed(room)
        for done in reading.removeValue(forKey: channel) ?? [] { done(.success(face)) }
        guard !face.waiting.isEmpty else { return }
        let (waiting, state) = (face.waiting, RoomState(room))
        face.waiting = []
        for done in waiting { done(state) }
    }

    private func unlinked(_ channel: String, _ farewell: Farewell, _ isFinal: Bool) {
        // Who waits for the first state is told that there is none; who has one waits for the channel to come back.
        let isUnknown = farewell.code == .unknownChannel && shell.core.room(channel)?.lineage == nil
        guard isFinal || isUnknown else { return }
        end(channel, ClientError(farewell))
        shell.unread(channel)
    }

    private func end(_ channel: String, _ error: ClientError) {
        for done in reading.removeValue(forKey: channel) ?? [] { done(.failure(error)) }
        rooms.removeValue(forKey: channel)?.end(last: shell.core.room(channel)?.mirror)
    }
}
