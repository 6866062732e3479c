/// A thread with all its posts, and the form to answer.
enum ThreadPage {
    static func page(_ thread: BoardView.Thread, of board: BoardView) -> String {
        let name = board.name
        let numbers = Set(thread.posts.map(\.number))
        let writer = PostText { number in
            numbers.contains(number) ? "#p\(number)" : board.place(ofPost: number)
        }
        let posts = thread.posts.map { post(number: $0, writer.markup($0.text).markup) }
        let form: HTML =
            thread.isFull
            ? "<p class=\"note\">This thread is full: \(BoardLimits.postsPerThread) posts. Begin another.</p>"
            : "<section class=\"card\" id=\"answer\"><h2>Answer</h2>\(Layout.form(board: name, thread: thread.number))</section>"
        return Layout.page(
            title: "\(thread.title) · \(name.title)", board: name,
            live: " data-channel=\"\(name.channel)\" data-thread=\"\(thread.number)\"",
            main: """
                <p class="path"><a href="\(name.path)">\(name.title)</a></p>
                <h1>\(thread.title)</h1>
                <div class="posts" id="posts">
                \(posts)</div>
                <p class="live" id="live" role="status" hidden></p>
                \(form)
                """)
    }

    /// One post, as it stands in its thread and in excerpts.
    static func post(number post: BoardView.Post, _ text: HTML, more: HTML = "") -> HTML {
        """
        <article class="post" id="p\(post.number)">
        <header><b class="author">\(post.author)</b> \(PostTime(post.at).markup) \
        <a class="number" href="#p\(post.number)">No. \(post.number)</a></header>
        <p class="text">\(text)</p>\(more)
        </article>

        """
    }

    /// In place of a thread that is not there.
    static func missing(_ board: BoardName) -> String {
        Layout.page(
            title: "Gone · \(board.title)", board: board,
            main: """
                <h1>This thread is not here</h1>
                <p>It was never begun, or it made room for newer ones. See what there is in \
                <a href="\(board.path)">\(board.title)</a>.</p>
                """)
    }
}
