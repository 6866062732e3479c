/// What a writer sees whose post was not taken: why, and the text, so that nothing is lost.
enum SorryPage {
    static func page(_ reason: String, board: BoardName?, thread: Int?, title: String, author: String, text: String)
        -> String
    {
        let form: HTML? = board.map {
            "<section class=\"card\">\(Layout.form(board: $0, thread: thread, title: title, author: author, text: text))</section>"
        }
        return Layout.page(
            title: "Not posted", board: board,
            main: """
                <h1>Not posted</h1>
                <p class="note bad">\(reason)</p>
                \(form)
                """)
    }
}
