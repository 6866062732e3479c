import BackChannel

/// One board: its threads and posts, and the rule for new ones. Fronts hand submissions over and are told what became of them;
/// browsers only read. What shows a post is built anew by the tick that takes it.
struct Board: Processor {
    let threads: Table<Int, ThreadRow>
    let posts: Table<Int, PostRow>
    let board: Table<Int, BoardRow>

    init(_ state: inout State) {
        threads = state.table("threads")
        posts = state.table("posts")
        board = state.table("board")
    }

    mutating func step(_ tick: inout Tick) {
        if board[0] == nil {
            board[0] = BoardRow()
            // Whatever pages there were, they are of an earlier life.
            if let name = name(of: tick) { tick.submit(Work("board", name.jobKey)) }
            tick.submit(Work("front", "/"))
        }
        while let event = tick.next() {
            switch event {
            case .message(let message) where message.session == nil: take(message, &tick)
            case .input(let input): tick.refuse(input, "posts come through the form")
            default: break
            }
        }
    }

    private func take(_ message: Message, _ tick: inout Tick) {
        guard let submission = Submission(bytes: Array(message.bytes)) else { return }
        let verdict: Verdict
        do throws(Refusal) {
            verdict = try add(submission, &tick)
        } catch {
            verdict = Verdict(id: submission.id, refusal: error)
        }
        tick.send(verdict.bytes, toFront: message.front)
    }

    /// Puts it where it belongs, or finds it there: a submission that is sent twice is posted once.
    private func add(_ submission: Submission, _ tick: inout Tick) throws(Refusal) -> Verdict {
        try submission.check()
        if let double = double(of: submission) {
            return Verdict(id: submission.id, thread: posts[double]?.thread ?? 0, post: Int64(double))
        }
        let number = Int(board[0]?.lastNumber ?? 0) + 1
        let thread = submission.thread.map(Int.init) ?? number
        if submission.thread != nil {
            guard let row = threads[thread] else { throw Refusal("This thread is gone.") }
            guard row.postCount < BoardLimits.postsPerThread else {
                throw Refusal("This thread is full: \(BoardLimits.postsPerThread) posts. Begin another.")
            }
        } else {
            makeRoom(&tick)
            threads[thread] = ThreadRow(title: submission.title)
        }
        posts[number] = PostRow(
            thread: Int64(thread), author: submission.author, text: submission.text, at: submission.at)
        threads[thread]?.postCount += 1
        threads[thread]?.lastPost = Int64(number)
        board[0]?.lastNumber = Int64(number)
        isOutOfDate(thread, &tick)
        return Verdict(id: submission.id, thread: Int64(thread), post: Int64(number))
    }

    /// The pages that show a thread, or no longer do. Each is built once, however many posts come meanwhile.
    private func isOutOfDate(_ thread: Int, _ tick: inout Tick) {
        guard let name = name(of: tick) else { return }
        tick.submit(Work("thread", name.path(thread: thread)))
        tick.submit(Work("pages", name.path))
        tick.submit(Work("catalog", name.catalogPath))
        tick.submit(Work("front", "/"))
    }

    private func name(of tick: borrowing Tick) -> BoardName? {
        BoardName(tick.channelID.split(separator: "/").last ?? "")
    }

    /// The same text by the same author at the same place, among the newest posts.
    private func double(of submission: Submission) -> Int? {
        let newest = Int(board[0]?.lastNumber ?? 0)
        for number in stride(from: newest, to: max(0, newest - BoardLimits.doublesRemembered), by: -1) {
            guard let post = posts[number], post.text == submission.text, post.author == submission.author else {
                continue
            }
            if let thread = submission.thread {
                if post.thread == thread { return number }
            } else if post.thread == number, threads[number]?.title == submission.title {
                return number
            }
        }
        return nil
    }

    /// The thread that nobody wrote to for longest goes when there are too many.
    private func makeRoom(_ tick: inout Tick) {
        while threads.count >= BoardLimits.threadsPerBoard {
            guard let oldest = threads.min(by: { $0.value.lastPost < $1.value.lastPost })?.key else { return }
            for (number, post) in posts where post.thread == oldest { posts[number] = nil }
            threads[oldest] = nil
            isOutOfDate(oldest, &tick)
        }
    }
}
