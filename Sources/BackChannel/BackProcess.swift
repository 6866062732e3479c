import Core
import Glibc
import Loop
import Node
import State

/// A process that owns channels: it serves the families that it is set up with until it is told to stop.
public enum BackProcess {
    /// Runs the back. Started by `hub run` it finds its hub and key in the environment; started by hand it takes them from the
    /// command line (`--listen`, `--key-file`, `--name`; `--help` lists them). Returns when the process is to end; a back that
    /// cannot start says why in one line and ends the process with 2.
    ///
    /// - Parameter arguments: the command line without the program's name; a program with arguments of its own (`hub run --back
    ///   "game --map 3"`) passes what it leaves.
    public static func run(
        arguments: [String] = Array(CommandLine.arguments.dropFirst()),
        _ configure: @Sendable (inout BackSetup) -> Void
    ) async throws {
        do {
            try await serve(arguments: arguments, configure)
        } catch {
            ProcessEnd.complain("back: \(error)")
        }
    }

    private static func serve(arguments: [String], _ configure: @Sendable (inout BackSetup) -> Void) async throws {
        var setup = BackSetup()
        configure(&setup)
        if let problem = setup.problem { throw BackFailure(description: problem) }
        let place = try BackPlace.find(arguments)
        guard case .serve(let environment, let listen) = place else { return }
        let failure: BackFailure? = await withCheckedContinuation { continuation in
            let families = UncheckedFamilies(setup.families)
            let options = setup.options
            let started = setup.started
            do {
                _ = try LoopThread {
                    continuation.resume(returning: serve(environment, listen, families.list, options, started))
                }
            } catch {
                continuation.resume(returning: BackFailure(description: "no thread for the loop: \(error)"))
            }
        }
        if let failure { throw failure }
    }

    private static func serve(
        _ environment: NodeEnvironment, _ listen: SocketAddress, _ families: [ChannelFamily], _ options: [UInt8],
        _ started: (@Sendable (RunningBack) -> Void)?
    ) -> BackFailure? {
        do {
            let loop = try EventLoop()
            let shell = try BackShell(loop, environment, listen, families, options)
            try shell.start()
            started?(RunningBack(loop.mailbox, shell))
            loop.run()
            return nil
        } catch {
            return BackFailure(description: "\(error)")
        }
    }
}

/// Families go to the loop's thread once and stay there; processor types are not `Sendable` by themselves.
private struct UncheckedFamilies: @unchecked Sendable {
    let list: [ChannelFamily]
    init(_ list: [ChannelFamily]) { self.list = list }
}

/// Why a back process could not start or go on.
public struct BackFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// What a back process serves.
public struct BackSetup {
    var families: [ChannelFamily] = []
    var problem: String?
    /// What every front is told when it connects: a program that connects as one finds it as `options`.
    public var options: [UInt8] = []
    var started: (@Sendable (RunningBack) -> Void)?

    /// Calls `body` when the back runs, with a handle for what is done from outside: ticks by hand, rates, channels made early.
    public mutating func started(_ body: @escaping @Sendable (RunningBack) -> Void) { started = body }

    /// Declares a family of channels: `arena/*` for every id below `arena`, or one id. Each channel is made when it is first
    /// linked and has a state and a processor of its own.
    ///
    /// - Parameters:
    ///   - rate: ticks a second; 20 by default.
    ///   - overrun: what happens to slots missed by a slow tick.
    ///   - idle: whether a channel without links goes on stepping.
    ///   - hashPeriod: every so many versions the state's hash rides along for clients to check; 0 for never.
    ///   - inboxCreditBytes: how many bytes of inputs each front may have under way to a channel, 1 to 8 MiB: for channels that take
    ///     in more than 1 MiB a tick from one front. Each front and the back hold so much at most.
    ///   - closesAfter: how long an idle channel of `…/*` is kept; nil for good. A channel named by its whole id is kept for good.
    public mutating func channels<P: Processor>(
        _ pattern: String, _ type: P.Type, rate: Rate = .hertz(20), overrun: Overrun = .skip, idle: Idle = .pause,
        closesAfter: Duration? = .seconds(60), hashPeriod: Int = 64, inboxCreditBytes: Int = 1 << 20
    ) {
        do {
            let pattern = try FamilyPattern(pattern)
            guard !families.contains(where: { $0.pattern == pattern }) else {
                problem = problem ?? "the family '\(pattern)' is declared twice"
                return
            }
            families.append(
                ChannelFamily(
                    pattern: pattern, type: type,
                    settings: ChannelSettings(
                        rate: rate, overrun: overrun, idle: idle,
                        closesAfter: pattern.specificity == .max ? nil : closesAfter, hashPeriod: hashPeriod,
                        inboxCreditBytes: inboxCreditBytes)))
        } catch {
            problem = problem ?? "\(error)"
        }
    }
}
