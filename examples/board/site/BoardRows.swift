import State

/// A thread, by the number of its first post.
struct ThreadRow: Row, Equatable {
    var title = ""
    var postCount: Int32 = 0
    /// The number of its newest post: threads stand in this order, the highest first.
    var lastPost: Int64 = 0

    init() {}
    init(title: String) { self.title = title }

    static let schema = Schema<ThreadRow>(
        .field("title", \.title), .field("postCount", \.postCount), .field("lastPost", \.lastPost))
}

/// A post, by its number. Numbers only grow within a board.
struct PostRow: Row, Equatable {
    /// The number of the thread's first post.
    var thread: Int64 = 0
    var author = ""
    var text = ""
    /// Seconds since 1970, as the front saw it.
    var at: Int64 = 0

    init() {}
    init(thread: Int64, author: String, text: String, at: Int64) {
        (self.thread, self.author, self.text, self.at) = (thread, author, text, at)
    }

    static let schema = Schema<PostRow>(
        .field("thread", \.thread), .field("author", \.author), .field("text", \.text), .field("at", \.at))
}

/// What the board keeps beside its posts, under key 0.
struct BoardRow: Row, Equatable {
    /// The number of the newest post there ever was.
    var lastNumber: Int64 = 0

    init() {}
    static let schema = Schema<BoardRow>(.field("lastNumber", \.lastNumber))
}
