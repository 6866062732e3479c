/// A page of a board: its threads, the newest first, each with its beginning and newest answers.
enum BoardPage {
    static func page(_ number: Int, of board: BoardView) -> String {
        let name = board.name
        let threads = board.threads(onPage: number).map { excerpt($0, of: board) }
        let begin: HTML = """
            <details class="card"\(board.threads.isEmpty ? " open" : "" as HTML)>
            <summary>Begin a thread</summary>
            \(Layout.form(board: name, thread: nil))
            </details>
            """
        let empty: HTML = "<p class=\"note\">Nothing here yet. Yours would be the first thread.</p>"
        return Layout.page(
            title: number == 1 ? name.title : "\(name.title), page \(number)", board: name,
            live: " data-channel=\"\(name.channel)\" data-newest=\"\(board.newest)\"",
            main: """
                <div class="heading"><h1>\(name.title)</h1><p>\(name.about)</p></div>
                <p class="path"><a href="\(name.catalogPath)">Catalog</a>
                <span class="soft">\(Layout.count(board.threads.count, "thread")), \
                \(Layout.count(board.postCount, "post"))</span></p>
                \(number == 1 ? begin : nil)
                <p class="live" id="live" role="status" hidden></p>
                \(board.threads.isEmpty ? empty : nil)
                \(threads)
                \(pages(number, of: board))
                """)
    }

    private static func excerpt(_ thread: BoardView.Thread, of board: BoardView) -> HTML {
        let path = board.name.path(thread: thread.number)
        let writer = PostText(place: board.place(ofPost:))
        func short(_ post: BoardView.Post) -> HTML {
            let (text, isCut) = writer.markup(
                post.text, lines: BoardLimits.excerptLines, scalars: BoardLimits.excerptLength)
            let more: HTML = "\n<p class=\"more\"><a href=\"\(path)#p\(post.number)\">The whole post</a></p>"
            return ThreadPage.post(number: post, text, more: isCut ? more : "")
        }
        let shown = thread.answers.suffix(BoardLimits.answersShown)
        let hidden = thread.answers.count - shown.count
        let between: HTML =
            hidden > 0
            ? "<p class=\"more\"><a href=\"\(path)\">\(Layout.count(hidden, "earlier answer"))</a></p>\n" : ""
        return """
            <section class="thread">
            <h2><a href="\(path)">\(thread.title)</a></h2>
            \(thread.posts.first.map(short))<div class="answers">
            \(between)\(shown.map(short))</div>
            <p class="more"><a href="\(path)#answer">Answer</a></p>
            </section>

            """
    }

    private static func pages(_ number: Int, of board: BoardView) -> HTML {
        guard board.pageCount > 1 else { return "" }
        let links = (1...board.pageCount).map { page -> HTML in
            page == number
                ? "<b aria-current=\"page\">\(page)</b>\n" : "<a href=\"\(board.name.path(page: page))\">\(page)</a>\n"
        }
        return "<nav class=\"pages\" aria-label=\"Pages\">\n\(links)</nav>"
    }
}
