import Worker

/// The site's worker: it mirrors all boards and builds pages of them, never older than the post that asked for it.
enum BoardWorker {
    static func run() async throws {
        try await WorkerProcess.run(
            "site", "front", "board", "pages", "page", "catalog", "thread", mirroring: "board/*"
        ) { job, boards in try pages(of: job, boards) }
    }

    private static func pages(of job: Job, _ boards: Mirrors) throws -> [Page] {
        let views = BoardName.all.reduce(into: [BoardName: BoardView]()) { views, name in
            views[name] = boards[name.channel].map { BoardView(name, $0.rows) }
        }
        guard let built = Site(board: { views[$0] }).pages(kind: job.kind, key: job.key) else {
            throw WorkerFailure("no page of this site is '\(job.kind) \(job.key)'")
        }
        // A page that is gone stays known as gone: empty, at the version that no longer has it.
        let gone = built.isEmpty ? [Site.Built(path: job.key, html: "")] : []
        return (built + gone).map { page in
            let board = BoardName(page.path.split(separator: "/").dropFirst().first ?? "")
            // The front page is of all boards, and has their version.
            return Page(page.html, path: page.path, version: board.flatMap { boards[$0.channel]?.version })
        }
    }
}
