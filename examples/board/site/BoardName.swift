/// A board that this site has.
struct BoardName: Sendable, Hashable {
    /// As in `/b/general` and `board/general`.
    let id: String
    let title: String
    let about: String

    /// All of them, in the order in which they are shown.
    static let all = [
        BoardName(id: "general", title: "General", about: "Whatever is on your mind"),
        BoardName(id: "making", title: "Making", about: "Things that you build, cook, grow or mend"),
        BoardName(id: "help", title: "Help", about: "Questions, and answers to them"),
    ]

    init?(_ id: some StringProtocol) {
        guard let found = Self.all.first(where: { $0.id == id }) else { return nil }
        self = found
    }

    private init(id: String, title: String, about: String) {
        (self.id, self.title, self.about) = (id, title, about)
    }

    /// The channel that holds it.
    var channel: String { "board/\(id)" }
    /// The key of the job that builds all of it.
    var jobKey: String { "/board/\(id)" }
    var path: String { "/b/\(id)" }
    func path(page: Int) -> String { page <= 1 ? path : "\(path)/p/\(page)" }
    func path(thread: Int) -> String { "\(path)/t/\(thread)" }
    var catalogPath: String { "\(path)/catalog" }
}
