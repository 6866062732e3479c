import FrontChannel
import Worker

/// The boards as a worker sees them, kept in step by links of its own.
actor BoardMirrors {
    /// A board at a version.
    struct Seen: Sendable {
        let view: BoardView
        let version: (epoch: UInt64, version: UInt64)
    }

    private struct Mirrored {
        var mirror: ChannelMirror
        var position: ChannelPosition
    }

    private var boards: [BoardName: Mirrored] = [:]
    /// Who waits for boards to move on.
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Follows every board from now on, for as long as the process lives.
    func begin() {
        Task {
            var front: Front?
            while front == nil { front = try? await Front.connect(through: .environment, name: "board-mirror") }
            guard let front else { return }
            for board in BoardName.all { Task { await self.follow(board, front) } }
        }
    }

    /// All boards, once each has what is wanted of it. Throws when that takes longer than 20 s: the job is tried again later.
    func views(after minimums: [Minimum]) async throws(WorkerFailure) -> [BoardName: Seen] {
        let deadline = ContinuousClock.now + .seconds(20)
        while !BoardName.all.allSatisfy({ isReached($0, minimums) }) {
            guard ContinuousClock.now < deadline else { throw WorkerFailure("the boards have not come so far") }
            let impatience = Task {
                try await Task.sleep(for: .seconds(1))
                self.moved()
            }
            await withCheckedContinuation { waiting.append($0) }
            impatience.cancel()
        }
        return boards.reduce(into: [:]) { views, entry in
            let (name, board) = entry
            views[name] = Seen(
                view: BoardView(name, board.mirror), version: (board.position.epoch, board.position.version))
        }
    }

    private func isReached(_ board: BoardName, _ minimums: [Minimum]) -> Bool {
        guard let held = boards[board]?.position else { return false }
        // A board that began anew will never reach what it was.
        return minimums.allSatisfy {
            $0.channel != held.channel || $0.lineage != held.lineage || $0.version <= held.version
        }
    }

    private func moved() {
        for one in waiting { one.resume() }
        waiting = []
    }

    private func follow(_ board: BoardName, _ front: Front) async {
        while true {
            do {
                let link = try await front.channel(board.channel).link()
                try await follow(board, link, front)
            } catch {
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func follow(_ board: BoardName, _ link: Link, _ front: Front) async throws {
        var state = link.encodedState
        try await take(board, state, link)
        // Whatever pages there were, they are of an earlier time.
        try? await front.submit("site", "/site")
        for try await update in link.updates {
            // A whole new state when it began anew; the newest one in any case.
            guard let newest = await link.state, newest.lineage != state.lineage || newest.version > state.version
            else {
                continue
            }
            let isNew = newest.lineage != state.lineage || update.base == nil
            state = newest
            try await take(board, state, link)
            if isNew { try? await front.submit("site", "/site") }
        }
    }

    private func take(_ board: BoardName, _ state: ChannelState, _ link: Link) async throws {
        guard let position = await link.position else { throw WorkerFailure("the board is away") }
        let held = ChannelPosition(
            channel: position.channel, epoch: position.epoch, lineage: state.lineage, version: state.version)
        boards[board] = Mirrored(mirror: try state.mirror(), position: held)
        moved()
    }
}
