import FrontChannel
import Worker

/// The site's worker: it mirrors all boards and builds pages of them.
enum BoardWorker {
    static func run() async throws {
        let mirrors = BoardMirrors()
        await mirrors.begin()
        try await WorkerProcess.run(["site", "front", "board", "pages", "page", "catalog", "thread"]) { job in
            try await pages(of: job, mirrors)
        }
    }

    /// Never older than who asked for the job has seen.
    private static func pages(of job: Job, _ mirrors: BoardMirrors) async throws -> [Page] {
        let views = try await mirrors.views(after: job.minimums)
        let site = Site { views[$0]?.view }
        guard let built = site.pages(kind: job.kind, key: job.key) else {
            throw WorkerFailure("no page of this site is '\(job.kind) \(job.key)'")
        }
        // A page that is gone stays known as gone: empty, at the version that no longer has it.
        let gone = built.isEmpty ? [Site.Built(path: job.key, html: "")] : []
        return (built + gone).map { page in
            let board = BoardName(page.path.split(separator: "/").dropFirst().first ?? "")
            return Page(page.html, path: page.path, version: board.flatMap { views[$0]?.version })
        }
    }
}
