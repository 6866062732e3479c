/// What all pages have: the head, the way to the other boards, and the end.
enum Layout {
    /// A whole page.
    ///
    /// - Parameters:
    ///   - board: whose page it is; nil for the front page.
    ///   - live: attributes of the main element, for the script that shows what is new.
    static func page(title: String, board: BoardName?, live: HTML = "", main: HTML) -> String {
        let boards = BoardName.all.map { other -> HTML in
            let current: HTML = other == board ? " aria-current=\"true\"" : ""
            return "<a href=\"\(other.path)\"\(current)>\(other.title)</a>\n"
        }
        let page: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <link rel="icon" href="/static/icon.svg">
            <link rel="stylesheet" href="/static/board.css">
            <script type="module" src="/static/board.js"></script>
            </head>
            <body>
            <header class="top">
            <a class="home" href="/">Switchboard</a>
            <nav aria-label="Boards">
            \(boards)</nav>
            </header>
            <main\(live)>
            \(main)
            </main>
            <footer class="bottom">Pages are built once, when something changes, and served to everyone. \
            An example of Switchback.</footer>
            </body>
            </html>

            """
        return page.text
    }

    /// The form for a new thread, or for an answer in `thread`.
    static func form(board: BoardName, thread: Int?, title: String = "", author: String = "", text: String = "") -> HTML
    {
        let heading: HTML =
            thread == nil
            ? """
            <label>Title
            <input name="title" required maxlength="\(BoardLimits.titleLength)" value="\(title)"></label>
            """ : "<input type=\"hidden\" name=\"thread\" value=\"\(thread ?? 0)\">"
        return """
            <form class="write" method="post" action="/post">
            <input type="hidden" name="board" value="\(board.id)">
            \(heading)
            <label>Name <span class="soft">if you like</span>
            <input name="author" maxlength="\(BoardLimits.authorLength)" autocomplete="nickname" \
            placeholder="\(Submission.anonymous)" value="\(author)"></label>
            <label>Text
            <textarea name="text" required rows="5" maxlength="\(BoardLimits.textLength)">
            \(text)</textarea></label>
            <label class="trap" aria-hidden="true">Leave this empty
            <input name="website" tabindex="-1" autocomplete="off"></label>
            <button type="submit">\(thread == nil ? "Begin the thread" : "Answer")</button>
            </form>
            """
    }

    /// `1 thread`, `2 threads`.
    static func count(_ count: Int, _ what: String, _ many: String? = nil) -> String {
        "\(count) \(count == 1 ? what : many ?? what + "s")"
    }
}
