/// What a board takes. Each limit is an answer that the writer reads.
enum BoardLimits {
    /// Unicode scalars.
    static let titleLength = 120
    static let authorLength = 40
    static let textLength = 4_000
    static let textLines = 120
    /// Beyond it the thread that nobody wrote to for longest goes.
    static let threadsPerBoard = 100
    /// Beyond it a thread is full: people begin another.
    static let postsPerThread = 300
    /// How many of the newest posts are looked at for one that says the same.
    static let doublesRemembered = 50
    /// On a page of a board: its threads, the newest answers of each, and how much of a text.
    static let threadsPerPage = 10
    static let answersShown = 3
    static let excerptLength = 800
    static let excerptLines = 12
    /// In the catalog.
    static let teaserLength = 140
    /// On the front page, of all boards together.
    static let threadsOnFront = 12
}
