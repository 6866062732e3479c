import Core
import Glibc
import Loop
import Node

/// A process that builds pages: `try await WorkerProcess.run(["page"]) { job in [Page("<p>\(job.key)</p>")] }`.
public enum WorkerProcess {
    /// Serves jobs of these kinds until the hub stops the process. Returns when it has.
    ///
    /// - Parameters:
    ///   - kinds: as the hub's configuration declares them.
    ///   - slots: jobs at a time.
    ///   - body: builds. What it throws is the reason of a failed run; it is tried again, up to five times.
    /// - Throws: `WorkerFailure` if no hub started this process.
    public static func run(
        _ kinds: [String], slots: Int = 1, _ body: @escaping @Sendable (Job) async throws -> [Page]
    ) async throws {
        let environment: NodeEnvironment
        do {
            guard let found = try NodeEnvironment.fromHub() else {
                throw WorkerFailure("no hub started this process (SWITCHBACK_HUB is not set)")
            }
            environment = found
        } catch let failure as NodeFailure {
            throw WorkerFailure(failure.description)
        }
        try await serve(environment, kinds, slots) { job, answer in
            let task = Task {
                do { answer(.success(try await body(job))) } catch { answer(.failure(WorkerFailure("\(error)"))) }
            }
            return { task.cancel() }
        }
    }

    /// Starts a run and answers how to cancel it; the run answers once, from any thread.
    package typealias Begin =
        @Sendable (Job, @escaping @Sendable (Result<[Page], WorkerFailure>) -> Void) -> (@Sendable () -> Void)

    /// The same for any way to run a job.
    package static func serve(
        _ environment: NodeEnvironment, _ kinds: [String], _ slots: Int, begin: @escaping Begin
    ) async throws {
        let failure: WorkerFailure? = await withCheckedContinuation { continuation in
            do {
                _ = try LoopThread { continuation.resume(returning: live(environment, kinds, slots, begin)) }
            } catch {
                continuation.resume(returning: WorkerFailure("no thread for the loop: \(error)"))
            }
        }
        if let failure { throw failure }
    }

    /// On the calling thread, until the end.
    package static func live(
        _ environment: NodeEnvironment, _ kinds: [String], _ slots: Int, _ begin: @escaping Begin
    ) -> WorkerFailure? {
        do {
            let loop = try EventLoop()
            let way = Way()
            let shell = try WorkerShell(environment, kinds: kinds, slotCount: slots, on: loop) { job, held in
                begin(job) { result in loopPost(way, held, result) }
            }
            way.shell = shell
            way.mailbox = loop.mailbox
            let watchers = try [SIGINT, SIGTERM].map { (signal) throws(LoopError) in
                try SignalWatcher(signal, on: loop) { loop.stop() }
            }
            let lifeline = try environment.lifeline.map { (descriptor) throws(LoopError) in
                try DescriptorWatcher(descriptor, on: loop) { loop.stop() }
            }
            loop.run()
            withExtendedLifetime((watchers, lifeline, shell)) {}
            return nil
        } catch {
            return WorkerFailure("\(error)")
        }
    }

    /// How results find their way from any thread to the shell; only the loop's thread looks inside.
    private final class Way: @unchecked Sendable {
        var shell: WorkerShell?
        var mailbox: Mailbox?
    }

    private static func loopPost(_ way: Way, _ held: JobHolding, _ result: Result<[Page], WorkerFailure>) {
        way.mailbox?.post { way.shell?.ended(held, result) }
    }
}
