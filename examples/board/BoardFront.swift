import FrontChannel
import Glibc

/// The site's front: pages out of the store, and the form's way to the back.
enum BoardFront {
    static func run(arguments: [String]) async throws {
        let desk = PostDesk()
        try await FrontProcess.run(arguments: arguments) { setup in
            setup.pages("/", kind: "front")
            setup.pages("/b/{board}", kind: "pages")
            setup.pages("/b/{board}/catalog", kind: "catalog")
            setup.pages("/b/{board}/p/{page}", kind: "page")
            setup.pages("/b/{board}/t/{thread}", kind: "thread")
            setup.post("/post") { request in try await post(request, desk) }
        }
    }

    /// Hands a form over, and sends the writer to where the post stands. A refusal shows why, with the text as it was.
    private static func post(_ request: WebRequest, _ desk: PostDesk) async throws -> WebResponse {
        let form = try request.form()
        guard let board = BoardName(form["board"] ?? "") else { throw WebFailure(404, "there is no such board") }
        let thread = form["thread"].flatMap(Int.init)
        let (title, author, text) = (form["title"] ?? "", form["author"] ?? "", form["text"] ?? "")
        do {
            // A field that people do not see.
            guard form["website"]?.isEmpty ?? true else { throw Refusal("Leave the last field empty.") }
            guard await desk.allows(request.peer) else {
                throw Refusal("That is a lot at once. Wait a few seconds and press the button again.")
            }
            let submission = try Submission(
                id: .random(in: 1..<1 << 53), thread: thread.map(Int64.init), title: title, author: author,
                text: text, at: Int64(time(nil)))
            let placed = try await desk.post(submission, on: board, through: request.front)
            return .redirect(to: "\(placed.path)#p\(placed.post)").showing(placed.position, at: placed.path)
        } catch let refusal as Refusal {
            let page = SorryPage.page(
                refusal.description, board: board, thread: thread, title: title, author: author, text: text)
            return .html(page, status: 422, headers: ["Cache-Control": "no-store"])
        }
    }
}
