/// The site's first page: the boards, and what was written last anywhere.
enum FrontPage {
    static func page(_ boards: [BoardView]) -> String {
        let list = boards.map { board -> HTML in
            """
            <li><a href="\(board.name.path)"><b>\(board.name.title)</b>
            <span class="soft">\(Layout.count(board.threads.count, "thread")), \
            \(Layout.count(board.postCount, "post"))</span>
            <span class="teaser">\(board.name.about)</span></a></li>

            """
        }
        let newest = boards.flatMap { board in board.threads.map { (board.name, $0) } }
            .sorted { (($0.1.posts.last?.at ?? 0), $0.1.lastPost) > (($1.1.posts.last?.at ?? 0), $1.1.lastPost) }
            .prefix(BoardLimits.threadsOnFront)
        let threads = newest.map { name, thread -> HTML in
            """
            <li><a href="\(name.path(thread: thread.number))#p\(thread.lastPost)"><b>\(thread.title)</b>
            <span class="soft">\(name.title) · \(thread.posts.last.map { PostTime($0.at).markup }) · \
            \(Layout.count(thread.answers.count, "answer"))</span></a></li>

            """
        }
        let latest: HTML = """
            <h2>Written last</h2>
            <ul class="latest">
            \(threads)</ul>
            """
        return Layout.page(
            title: "Switchboard", board: nil,
            main: """
                <div class="heading"><h1>Switchboard</h1><p>A small message board</p></div>
                <ul class="catalog boards">
                \(list)</ul>
                \(threads.isEmpty ? nil : latest)
                """)
    }
}
