/// A board at a glance: every thread as a tile.
enum CatalogPage {
    static func page(_ board: BoardView) -> String {
        let name = board.name
        let tiles = board.threads.map { thread -> HTML in
            let text = thread.posts.first?.text ?? ""
            let (teaser, isCut) = PostText.beginning(of: text, lines: 3, scalars: BoardLimits.teaserLength)
            return """
                <li><a href="\(name.path(thread: thread.number))"><b>\(thread.title)</b>
                <span class="soft">\(Layout.count(thread.answers.count, "answer"))</span>
                <span class="teaser">\(teaser)\(isCut ? "…" : "")</span></a></li>

                """
        }
        let list: HTML =
            tiles.isEmpty ? "<p class=\"note\">Nothing here yet.</p>" : "<ul class=\"catalog\">\n\(tiles)</ul>"
        return Layout.page(
            title: "Catalog · \(name.title)", board: name,
            live: " data-channel=\"\(name.channel)\" data-newest=\"\(board.newest)\"",
            main: """
                <p class="path"><a href="\(name.path)">\(name.title)</a></p>
                <h1>Catalog</h1>
                <p class="live" id="live" role="status" hidden></p>
                \(list)
                """)
    }
}
