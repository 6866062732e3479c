import BackChannel
import Testing

@Suite("The board's rule")
struct BoardRuleTests {
    /// Hands a submission over and answers the verdict.
    private static func post(
        _ stage: inout Rehearsal<Board>, thread: Int64? = nil, title: String = "A title", author: String = "",
        text: String, id: UInt64 = 1
    ) throws -> Verdict {
        let submission = try Submission(id: id, thread: thread, title: title, author: author, text: text, at: 100)
        let heard = stage.messages(toFront: "front-1").count
        stage.message(submission.bytes, fromFront: "front-1")
        stage.tick()
        let answers = stage.messages(toFront: "front-1").dropFirst(heard)
        #expect(answers.count == 1)
        return try #require(answers.first.flatMap { Verdict(bytes: $0) })
    }

    private static func board() -> Rehearsal<Board> {
        var stage = Rehearsal(Board.self, seed: 1, channel: "board/general")
        stage.link(front: "front-1")
        stage.tick()
        return stage
    }

    @Test("A thread and its answers are numbered as they come; the same submission again is the same post")
    func numbers() throws {
        var stage = Self.board()
        #expect(try Self.post(&stage, text: "first") == Verdict(id: 1, thread: 1, post: 1))
        #expect(try Self.post(&stage, thread: 1, text: "second", id: 2) == Verdict(id: 2, thread: 1, post: 2))
        #expect(try Self.post(&stage, thread: 1, text: "second", id: 3) == Verdict(id: 3, thread: 1, post: 2))
        #expect(try Self.post(&stage, text: "first", id: 4) == Verdict(id: 4, thread: 1, post: 1))
        #expect(try Self.post(&stage, title: "Another", text: "first", id: 5) == Verdict(id: 5, thread: 3, post: 3))
        #expect(stage.processor.posts.count == 3)
        #expect(stage.processor.threads[1]?.postCount == 2)
    }

    @Test(
        "A post has the pages that show it built, from the version that has it; a submission that comes again does not")
    func pages() throws {
        var stage = Self.board()
        #expect(stage.jobs.map(\.work) == [Work("board", "/board/general"), Work("front", "/")])
        let pages = [
            Work("thread", "/b/general/t/1"), Work("pages", "/b/general"), Work("catalog", "/b/general/catalog"),
            Work("front", "/"),
        ]
        for number in 1...2 {
            let before = stage.jobs.count
            _ = try Self.post(&stage, thread: number == 1 ? nil : 1, text: "post \(number)")
            #expect(stage.jobs.dropFirst(before).map(\.work) == pages)
            #expect(stage.jobs.dropFirst(before).allSatisfy { $0.version == stage.version })
        }
        let count = stage.jobs.count
        _ = try Self.post(&stage, thread: 1, text: "post 2", id: 9)
        #expect(stage.jobs.count == count)
    }

    @Test("A thread that is gone or full refuses, and a board that is full lets its quietest thread go")
    func limits() throws {
        var stage = Self.board()
        #expect(try Self.post(&stage, thread: 9, text: "x").refusal == "This thread is gone.")
        for number in 1...BoardLimits.postsPerThread {
            _ = try Self.post(&stage, thread: number == 1 ? nil : 1, text: "post \(number)")
        }
        #expect(try Self.post(&stage, thread: 1, text: "one more").refusal?.hasPrefix("This thread is full") == true)
        for number in 1...BoardLimits.threadsPerBoard { _ = try Self.post(&stage, title: "t\(number)", text: "x") }
        #expect(stage.processor.threads.count == BoardLimits.threadsPerBoard)
        #expect(stage.processor.threads[1] == nil)
        #expect(stage.processor.posts[1] == nil)
        #expect(stage.processor.posts.count == BoardLimits.threadsPerBoard)
    }

    @Test("Browsers only read, and what is no submission is nothing")
    func readers() {
        var stage = Self.board()
        let ann = stage.join("ann")
        stage.send(Array("{}".utf8), from: ann)
        stage.message(Array("nonsense".utf8), fromFront: "front-1")
        stage.tick(2)
        #expect(stage.outcomes(of: ann) == [.refused("posts come through the form")])
        #expect(stage.processor.posts.count == 0)
    }
}

@Suite("The board's pages")
struct BoardPageTests {
    private static let evil = "<script>alert(1)</script>\"'&<img src=x onerror=y>"

    private static func view(threads: Int = 1, answers: Int = 0, text: String = "text") throws -> BoardView {
        let name = try #require(BoardName("general"))
        return BoardView(
            name: name,
            threads: (1...max(1, threads)).prefix(threads).map { number in
                BoardView.Thread(
                    number: number * 1000, title: "Title \(number) \(evil)", lastPost: number * 1000 + answers,
                    posts: (0...answers).map {
                        .init(number: number * 1000 + $0, author: "A\(evil)", text: text, at: 1_795_237_833)
                    })
            })
    }

    @Test("What users write is text on every page, wherever it stands")
    func escaping() throws {
        let view = try Self.view(
            threads: 2, answers: 4, text: "\(Self.evil)\n>\(Self.evil)\n>>1000 https://x.org/\(Self.evil)")
        let site = Site { $0 == view.name ? view : nil }
        let built = try #require(site.pages(kind: "site", key: "/site"))
        #expect(
            built.map(\.path) == ["/", "/b/general", "/b/general/catalog", "/b/general/t/2000", "/b/general/t/1000"])
        let sorry = SorryPage.page(
            Self.evil, board: view.name, thread: nil, title: Self.evil, author: Self.evil, text: Self.evil)
        for html in built.map(\.html) + [sorry] {
            #expect(!html.contains("<script>") && !html.contains("<img"))
            #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;img src=x onerror=y&gt;"))
            // The only markup that was escaped is what users wrote: ours never is.
            for ours in ["&lt;li", "&lt;a ", "&lt;p", "&lt;ul", "&lt;article", "&lt;section", "&lt;form", "&lt;time"] {
                #expect(!html.contains(ours), "\(ours)")
            }
        }
    }

    @Test(
        "A post's text becomes lines, quotes, references and links",
        arguments: [
            ("a\nb", "a<br>\nb"),
            (">a", "<span class=\"quote\">&gt;a</span>"),
            (">>1 a", "<a class=\"ref\" href=\"#p1\">&gt;&gt;1</a> a"),
            (">>2 a", "<span class=\"quote\">&gt;&gt;2 a</span>"),
            ("see >>1, >>12", "see <a class=\"ref\" href=\"#p1\">&gt;&gt;1</a>, &gt;&gt;12"),
            (
                "(https://a.org/b?c=d&e).",
                "(<a href=\"https://a.org/b?c=d&amp;e\" rel=\"nofollow noopener ugc\">https://a.org/b?c=d&amp;e</a>)."
            ),
            ("http:// https:// javascript:x", "http:// https:// javascript:x"),
        ])
    func texts(text: String, wanted: String) {
        let writer = PostText { $0 == 1 ? "#p1" : nil }
        let markup = writer.markup(text).markup.text
        // A line that begins with a reference is no quote, whether the post is there or not.
        #expect(markup == wanted || (text == ">>2 a" && markup == "&gt;&gt;2 a"), "\(markup)")
    }

    @Test("An excerpt ends between words and says that there is more")
    func excerpts() {
        let (long, isCut) = PostText.beginning(of: String(repeating: "word ", count: 300), lines: 5, scalars: 101)
        #expect(isCut && long.hasSuffix("word") && long.utf8.count <= 101)
        let (lines, areCut) = PostText.beginning(of: "a\nb\nc\nd", lines: 2, scalars: 100)
        #expect(areCut && lines == "a\nb")
        #expect(PostText.beginning(of: "a\nb", lines: 2, scalars: 100) == ("a\nb", false))
    }

    @Test("Ten threads stand on a page of a board, and pages beyond the last are gone")
    func pages() throws {
        let view = try Self.view(threads: 21)
        let site = Site { $0 == view.name ? view : nil }
        #expect(
            site.pages(kind: "pages", key: "/b/general")?.map(\.path) == [
                "/b/general", "/b/general/p/2", "/b/general/p/3",
            ])
        #expect(site.pages(kind: "page", key: "/b/general/p/4") == [])
        #expect(site.pages(kind: "thread", key: "/b/general/t/77") == [])
        #expect(site.pages(kind: "pages", key: "/b/nope") == [])
        #expect(site.pages(kind: "mystery", key: "/b/general") == nil)
    }

    @Test("Texts are made clean once: line ends, control characters, characters that turn the direction, empty lines")
    func cleaning() throws {
        let submission = try Submission(
            id: 1, thread: nil, title: " two\n words\u{202E} ", author: " \u{0} ",
            text: "\r\n a \r\n\r\n\r\n\u{200F}b\u{7}\t \r",
            at: 0)
        #expect(submission.title == "two words")
        #expect(submission.author == "Anonymous")
        #expect(submission.text == " a\n\nb")
        #expect(Submission(bytes: submission.bytes) == submission)
    }

    @Test(
        "A moment is shown in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"), (1_795_237_833, "2026-11-21T05:10:33Z"),
            (-5, "1970-01-01T00:00:00Z"),
        ])
    func times(seconds: Int64, wanted: String) { #expect(PostTime(seconds).machine == wanted) }
}
