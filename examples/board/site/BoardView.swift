import State

/// A board as its pages need it: plain values, read once from a mirror of its channel.
struct BoardView: Sendable, Equatable {
    struct Post: Sendable, Equatable {
        var number: Int
        var author: String
        var text: String
        var at: Int64
    }

    struct Thread: Sendable, Equatable {
        var number: Int
        var title: String
        var lastPost: Int
        /// In order; the first began it.
        var posts: [Post]

        var answers: ArraySlice<Post> { posts.dropFirst() }
        var isFull: Bool { posts.count >= BoardLimits.postsPerThread }
    }

    let name: BoardName
    /// The one that was written to last comes first.
    let threads: [Thread]
    /// The thread of each post.
    private let threadOf: [Int: Int]

    init(name: BoardName, threads: [Thread]) {
        self.name = name
        self.threads = threads.sorted { $0.lastPost > $1.lastPost }
        threadOf = Dictionary(
            threads.flatMap { thread in thread.posts.map { ($0.number, thread.number) } }, uniquingKeysWith: { $1 })
    }

    init(_ name: BoardName, _ mirror: ChannelMirror) {
        let posts: [Int: PostRow] = mirror.table("posts")
        let rows: [Int: ThreadRow] = mirror.table("threads")
        var posted: [Int: [Post]] = [:]
        for (number, row) in posts.sorted(by: { $0.key < $1.key }) {
            posted[Int(row.thread), default: []].append(
                Post(number: number, author: row.author, text: row.text, at: row.at))
        }
        self.init(
            name: name,
            threads: rows.compactMap { number, row in
                posted[number].map {
                    Thread(number: number, title: row.title, lastPost: Int(row.lastPost), posts: $0)
                }
            })
    }

    func thread(_ number: Int) -> Thread? { threads.first { $0.number == number } }

    /// Where a post stands: in its thread's page.
    func place(ofPost number: Int) -> String? {
        threadOf[number].map { "\(name.path(thread: $0))#p\(number)" }
    }

    /// The number of the newest post.
    var newest: Int { threads.first?.lastPost ?? 0 }

    var postCount: Int { threads.reduce(0) { $0 + $1.posts.count } }

    var pageCount: Int { max(1, (threads.count + BoardLimits.threadsPerPage - 1) / BoardLimits.threadsPerPage) }

    /// The threads of a page, from 1.
    func threads(onPage page: Int) -> ArraySlice<Thread> {
        threads.dropFirst((page - 1) * BoardLimits.threadsPerPage).prefix(BoardLimits.threadsPerPage)
    }
}
