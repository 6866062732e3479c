/// The pages of the site and the jobs that build them: which there are, what each builds, which of them takes others in.
///
/// Pure: a worker gives it what it sees of the boards and stores what comes out.
struct Site {
    /// A page to be stored, by its path.
    struct Built: Equatable {
        var path: String
        var html: String
    }

    /// The board as the worker sees it; nil if it does not see it.
    let board: (BoardName) -> BoardView?

    /// What a job builds; nil if its kind or key is none of ours. An empty list: there is no such page.
    func pages(kind: String, key: String) -> [Built]? {
        let parts = key.split(separator: "/").map(String.init)
        switch (kind, parts.count) {
        case ("site", 1): return front() + BoardName.all.flatMap(whole)
        case ("front", 0): return front()
        case ("board", 2): return BoardName(parts[1]).map(whole) ?? []
        case ("pages", 2): return BoardName(parts[1]).map(pages) ?? []
        case ("page", 4):
            guard let name = BoardName(parts[1]), let number = Int(parts[3]) else { return [] }
            return page(number, name)
        case ("catalog", 3): return BoardName(parts[1]).map(catalog) ?? []
        case ("thread", 4):
            guard let name = BoardName(parts[1]), let number = Int(parts[3]) else { return [] }
            return thread(number, name)
        default: return nil
        }
    }

    private func front() -> [Built] { [Built(path: "/", html: FrontPage.page(BoardName.all.compactMap(board)))] }

    private func whole(_ name: BoardName) -> [Built] {
        let threads = board(name)?.threads.flatMap { thread($0.number, name) } ?? []
        return pages(name) + catalog(name) + threads
    }

    private func pages(_ name: BoardName) -> [Built] {
        guard let view = board(name) else { return [] }
        return (1...view.pageCount).flatMap { page($0, name) }
    }

    private func page(_ number: Int, _ name: BoardName) -> [Built] {
        guard let view = board(name), (1...view.pageCount).contains(number) else { return [] }
        return [Built(path: name.path(page: number), html: BoardPage.page(number, of: view))]
    }

    private func catalog(_ name: BoardName) -> [Built] {
        guard let view = board(name) else { return [] }
        return [Built(path: name.catalogPath, html: CatalogPage.page(view))]
    }

    private func thread(_ number: Int, _ name: BoardName) -> [Built] {
        guard let view = board(name), let thread = view.thread(number) else { return [] }
        return [Built(path: name.path(thread: number), html: ThreadPage.page(thread, of: view))]
    }
}
