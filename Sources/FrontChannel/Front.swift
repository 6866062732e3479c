import Core
import Glibc
import Loop
import Node
import State

/// A front of one's own: a program's place in the cluster, with trunks to its backs and no clients unless it wants them.
///
/// One thread runs its loop; everything here may be called from anywhere.
public final class Front: Sendable {
    /// A back process that this front is connected to.
    public struct Back: Sendable, Hashable {
        public let name: String
        /// Who may act for its channels: only grows.
        public let epoch: UInt64
        /// The channels it serves, as `arena/*`.
        public let families: [String]
        /// What its application published.
        public let options: [UInt8]
    }

    /// What it ends with.
    enum Life {
        /// A program's own: with its last handle.
        case ofHandle
        /// The front of a front process, which goes on without handles.
        case ofProcess
    }

    let mailbox: Mailbox
    let shell: Confined<FrontShell>
    private let life: Life

    init(_ mailbox: Mailbox, _ shell: Confined<FrontShell>, _ life: Life = .ofHandle) {
        self.mailbox = mailbox
        self.shell = shell
        self.life = life
    }

    deinit {
        guard case .ofHandle = life else { return }
        mailbox.post { [shell] in shell.value.stop() }
    }

    /// Connects to the hub's backs and answers when every one of them has, or throws after `timeout` with the names of those that
    /// have not.
    public static func connect(
        through hub: HubAddress, name: String? = nil, timeout: Duration = .seconds(15)
    ) async throws -> Front {
        let (environment, backs) = try hub.resolve(name: name ?? "front-of-\(getpid())")
        let front: Front = try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try LoopThread { run(environment, backs, continuation) }
            } catch {
                continuation.resume(throwing: LinkFailure("no thread for the loop: \(error)"))
            }
        }
        try await front.waitForBacks(timeout)
        return front
    }

    private static func run(
        _ environment: NodeEnvironment, _ backs: [SocketAddress], _ started: CheckedContinuation<Front, any Error>
    ) {
        do {
            let loop = try EventLoop()
            let shell = FrontShell(loop, environment, FrontSetup())
            try shell.start(listen: nil, backs: backs, takesClients: false, signals: [])
            started.resume(returning: Front(loop.mailbox, Confined(shell)))
            loop.run()
        } catch {
            started.resume(throwing: LinkFailure("\(error)"))
        }
    }

    /// The backs that have answered.
    public var backs: [Back] {
        get async { await onLoop { $0.core.openBacks.map(Back.init) } }
    }

    /// A channel of one of the backs, by its id. Nothing is linked yet.
    public func channel(_ id: String) throws -> FrontChannel {
        do { return FrontChannel(front: self, id: try ChannelID(id)) } catch { throw LinkFailure("\(error)") }
    }

    /// Sends a message of this front's own to every channel that it is linked to, at most once. Answers how many backs took it.
    @discardableResult
    public func sendToAll(_ data: [UInt8]) async -> Int {
        await onLoop { shell in
            defer { shell.pump() }
            return shell.core.sendToAll(data, now: shell.loop.now)
        }
    }

    /// Sends a message of this front's own to the channels of these ids, linked or not, at most once. Answers how many took it.
    @discardableResult
    public func send(_ data: [UInt8], to channels: [String]) async -> Int {
        await onLoop { shell in
            defer { shell.pump() }
            return channels.reduce(0) { sum, channel in
                guard let id = try? ChannelID(channel) else { return sum }
                return sum + (shell.core.send(data, to: id, now: shell.loop.now) ? 1 : 0)
            }
        }
    }

    /// What channels say to this front beside its links: the newest 64 if nobody reads them.
    public var messages: AsyncStream<FrontMessage> {
        AsyncStream(bufferingPolicy: .bufferingNewest(64)) { continuation in
            mailbox.post { [shell] in shell.value.messages.append(continuation) }
        }
    }

    /// Ends all links and trunks.
    public func disconnect() { mailbox.post { [shell] in shell.value.stop() } }

    private func waitForBacks(_ timeout: Duration) async throws {
        let missing: [String]? = await withCheckedContinuation { continuation in
            mailbox.post { [shell] in shell.value.awaitBacks(timeout) { continuation.resume(returning: $0) } }
        }
        guard let missing else { return }
        disconnect()
        throw LinkFailure(
            missing.isEmpty
                ? "no back was named within \(timeout): is the hub running, and does it have backs?"
                : "no answer within \(timeout) from \(missing.joined(separator: ", "))")
    }

    func onLoop<T: Sendable>(_ body: @escaping @Sendable (FrontShell) -> T) async -> T {
        await withCheckedContinuation { continuation in
            mailbox.post { [shell] in continuation.resume(returning: body(shell.value)) }
        }
    }
}

extension Front.Back {
    init(_ back: FrontCore.OpenBack) {
        self.init(name: back.name, epoch: back.epoch.rawValue, families: back.families, options: back.options)
    }
}

/// A channel's message to a front process.
public struct FrontMessage: Sendable, Hashable {
    public let channel: String
    public let bytes: [UInt8]
}

/// Why a link was not made or has ended.
public struct LinkFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// The code of docs/WIRE.md, if a peer said it.
    public let code: Int?

    init(_ description: String, code: Int? = nil) {
        self.description = description
        self.code = code
    }

    init(_ farewell: Farewell) { self.init(farewell.reason, code: Int(farewell.code.rawValue)) }
}
