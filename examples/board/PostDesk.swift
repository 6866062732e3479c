import FrontChannel

/// What a front has between its form and the boards: a link to each board, the submissions that wait for their verdicts, and how
/// much each address may post.
actor PostDesk {
    /// Where a post stands now.
    struct Placed: Sendable {
        let path: String
        let post: Int64
        let position: ChannelPosition?
    }

    private var links: [BoardName: Link] = [:]
    private var waiting: [UInt64: CheckedContinuation<Verdict?, Never>] = [:]
    private var allowances: [String: (count: Double, at: ContinuousClock.Instant)] = [:]

    /// At once, and then one in so many seconds.
    private static let burst = 20.0
    private static let secondsPerPost = 3.0
    /// Addresses that are remembered.
    private static let addressLimit = 10_000
    /// Submissions at once.
    private static let waitingLimit = 1_000

    /// Whether this address may post now.
    func allows(_ peer: String) -> Bool {
        let now = ContinuousClock.now
        if allowances.count >= Self.addressLimit {
            allowances = allowances.filter { (now - $0.value.at) / .seconds(1) < Self.burst * Self.secondsPerPost }
            if allowances.count >= Self.addressLimit { return false }
        }
        var (count, at) = allowances[peer] ?? (Self.burst, now)
        count = min(Self.burst, count + (now - at) / .seconds(1) / Self.secondsPerPost)
        at = now
        defer { allowances[peer] = (count, at) }
        guard count >= 1 else { return false }
        count -= 1
        return true
    }

    /// Hands a submission to its board and says where it stands. It is handed over again if no verdict comes, which the board
    /// notices. Throws the board's refusal, or 503 if it is away.
    func post(_ submission: Submission, on board: BoardName, through front: Front) async throws -> Placed {
        guard waiting.count < Self.waitingLimit else { throw WebFailure(503, "too many posts at once; try again") }
        for _ in 0..<3 {
            let link = try await link(to: board, through: front)
            guard let verdict = await verdict(on: submission, link) else { continue }
            if let reason = verdict.refusal { throw Refusal(reason) }
            guard let thread = verdict.thread, let post = verdict.post else { break }
            return Placed(path: board.path(thread: Int(thread)), post: post, position: await link.position)
        }
        throw WebFailure(503, "the board does not answer; go back and try again")
    }

    private func verdict(on submission: Submission, _ link: Link) async -> Verdict? {
        guard await link.send(submission.bytes) else { return nil }
        let id = submission.id
        let patience = Task {
            try await Task.sleep(for: .seconds(2))
            self.decide(id, nil)
        }
        defer { patience.cancel() }
        return await withCheckedContinuation { waiting[id] = $0 }
    }

    private func decide(_ id: UInt64, _ verdict: Verdict?) {
        waiting.removeValue(forKey: id)?.resume(returning: verdict)
    }

    private func link(to board: BoardName, through front: Front) async throws -> Link {
        if let link = links[board] { return link }
        let link: Link
        do {
            link = try await front.channel(board.channel).link()
        } catch {
            // Somebody else was linking meanwhile.
            if let link = links[board] { return link }
            throw WebFailure(503, "the board is away for a moment; go back and try again")
        }
        links[board] = link
        Task {
            for await message in link.messages {
                if let verdict = Verdict(bytes: message) { self.decide(verdict.id, verdict) }
            }
            self.lost(board)
        }
        return link
    }

    private func lost(_ board: BoardName) { links[board] = nil }
}
