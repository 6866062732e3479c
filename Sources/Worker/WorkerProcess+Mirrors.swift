import Core
import FrontChannel
import Node

extension WorkerProcess {
    /// Serves jobs of these kinds with mirrors of the channels that they read, until the hub stops the process:
    ///
    ///     try await WorkerProcess.run("page", mirroring: "board/*") { job, boards in
    ///         [Page(html(of: boards.channels), path: job.key)]
    ///     }
    ///
    /// A run begins once the mirrors have what the job names (its tick's version, for one that a tick submitted), so a page is
    /// never older than the change that asked for it. What does not come within 10 s, or half the job's time limit, is a failed
    /// run with the reason, and tried again.
    ///
    /// - Parameters:
    ///   - kinds: as the hub's configuration declares them.
    ///   - family: the channels, as `board/*`, or one of them.
    ///   - slots: jobs at a time.
    ///   - channels: which channels of the family a job reads, beside those that it names. A channel that is not there comes to be,
    ///     so keys that readers make up must not become channels. Nil: every channel of the family that a back serves by its whole
    ///     id; those are mirrored from the start.
    ///   - body: builds. What it throws is the reason of a failed run. A page without a version gets that of the mirrors.
    /// - Throws: `WorkerFailure` if no hub started this process, or if `family` is none.
    public static func run(
        _ kinds: String..., mirroring family: String, slots: Int = 1,
        reading channels: (@Sendable (Job) -> [String])? = nil,
        _ body: @escaping @Sendable (Job, Mirrors) async throws -> [Page]
    ) async throws {
        try await serve(kinds, family, slots, channels, body)
    }

    /// The same for jobs that make one page each.
    public static func run(
        _ kinds: String..., mirroring family: String, slots: Int = 1,
        reading channels: (@Sendable (Job) -> [String])? = nil,
        _ body: @escaping @Sendable (Job, Mirrors) async throws -> Page
    ) async throws {
        try await serve(kinds, family, slots, channels) { [try await body($0, $1)] }
    }

    private static func serve(
        _ kinds: [String], _ family: String, _ slots: Int, _ channels: (@Sendable (Job) -> [String])?,
        _ body: @escaping @Sendable (Job, Mirrors) async throws -> [Page]
    ) async throws {
        let pattern: FamilyPattern
        do { pattern = try FamilyPattern(family) } catch { throw WorkerFailure("\(error)") }
        let keeper = MirrorKeeper(pattern, reading: channels)
        let name = (NodeEnvironment.value("SWITCHBACK_NAME") ?? "worker") + "-mirror"
        let connecting = Task { await keeper.begin(through: .environment, name: name) }
        defer { connecting.cancel() }
        try await run(kinds, slots: slots) { job in
            let mirrors = try await keeper.mirrors(for: job)
            try Task.checkCancellation()
            return try await body(job, mirrors).map { page in
                var page = page
                page.version = page.version ?? (mirrors.channels.isEmpty ? nil : mirrors.version)
                return page
            }
        }
    }
}
