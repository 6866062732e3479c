import BackChannel
import Testing

/// A shop that has its shelves' pages built and asks for prices: inputs say what to do.
private struct Shop: Processor {
    let shelves: Table<String, Shelf>
    let answers: Table<Int, Note>

    struct Shelf: Row {
        var count: Int32 = 0
        static let schema = Schema<Shelf>(.field("count", \.count))
    }

    struct Note: Row {
        var text = ""
        static let schema = Schema<Note>(.field("text", \.text))
    }

    init(_ state: inout State) {
        shelves = state.table("shelves")
        answers = state.table("answers")
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .input(let input): order(input, &tick)
            case .answered(let it): note("\(it.id) \(it.work): \(it.answer)")
            default: break
            }
        }
    }

    private func order(_ input: Input, _ tick: inout Tick) {
        let words = (input.bytes.text ?? "").split(separator: " ").map(String.init)
        switch (words.first, words.last) {
        case ("fill", let name?):
            shelves[name, default: Shelf()].count += 1
            if !tick.submit(.page("/\(name)")) { tick.refuse(input, "too much at once") }
        case ("show", let name?): tick.submit(.page("/\(name)"))
        case ("many", let count?):
            let taken = (0..<(Int(count) ?? 0)).count { tick.submit(Work("page", "/many/\($0)")) }
            note("taken \(taken)")
        case ("price", let name?):
            if let id = tick.ask(Work("price", "/price/\(name)")) { note("asked \(id)") } else { note("not asked") }
        default: break
        }
    }

    private func note(_ text: String) { answers[answers.count] = Note(text: text) }
}

@Suite("Jobs from a tick")
struct TickJobTests {
    private func stage() -> (Rehearsal<Shop>, SessionID) {
        var stage = Rehearsal(Shop.self, seed: 5)
        let ann = stage.join("ann")
        stage.tick()
        return (stage, ann)
    }

    private func send(_ text: String, _ stage: inout Rehearsal<Shop>, _ ann: SessionID) {
        stage.send(Array(text.utf8), from: ann)
        stage.tick()
    }

    private func notes(_ stage: Rehearsal<Shop>) -> [String] {
        stage.processor.answers.sorted { $0.key < $1.key }.map(\.value.text)
    }

    @Test(
        "L6: a job that a tick submits names the version that this tick makes; one of a tick without changes the last one"
    )
    func versions() {
        var (stage, ann) = stage()
        send("fill tea", &stage, ann)
        let first = stage.version
        send("fill tea", &stage, ann)
        #expect(stage.version == first + 1)
        send("show tea", &stage, ann)
        #expect(stage.version == first + 1)
        #expect(stage.jobs.map(\.work) == [.page("/tea"), .page("/tea"), .page("/tea")])
        #expect(stage.jobs.map(\.version) == [first, first + 1, first + 1])
        #expect(stage.jobs.allSatisfy { !$0.isAsked })
    }

    @Test(
        "L8: while the hub is away a page that changes often is one item, which names the last version; then it is said"
    )
    func away() {
        var (stage, ann) = stage()
        stage.hubLeaves()
        for _ in 0..<100 { send("fill tea", &stage, ann) }
        send("fill jam", &stage, ann)
        #expect(stage.jobs.isEmpty)
        stage.hubReturns()
        #expect(stage.jobs.map(\.work.key) == ["/tea", "/jam"])
        #expect(stage.jobs.map(\.version) == [stage.version - 1, stage.version])
        // The answers were heard: nothing is said again.
        stage.tick()
        stage.hubLeaves()
        stage.hubReturns()
        #expect(stage.jobs.count == 2)
    }

    @Test("What the hub was told before it died, and did not answer, is said again")
    func unanswered() {
        var (stage, ann) = stage()
        send("fill tea", &stage, ann)
        // No tick has taken the answer yet.
        stage.hubLeaves()
        stage.hubReturns()
        #expect(stage.jobs.map(\.work.key) == ["/tea", "/tea"])
    }

    @Test("L16: a full outbox is an answer to the rule, and takes again what it holds already")
    func full() {
        var (stage, ann) = stage()
        stage.hubLeaves()
        send("many 2000", &stage, ann)
        #expect(notes(stage) == ["taken 1024"])
        send("fill tea", &stage, ann)
        #expect(stage.outcomes(of: ann).last == .refused("too much at once"))
        send("many 5", &stage, ann)
        #expect(notes(stage).last == "taken 5")
        stage.hubReturns()
        stage.tick()
        send("fill tea", &stage, ann)
        #expect(stage.outcomes(of: ann).last == .acked)
        // A window of them at a time; the rest follows the answers.
        for _ in 0..<8 { stage.tick() }
        #expect(Set(stage.jobs.map(\.work.key)).count == 1025)
    }

    @Test("L7: an ask is answered by events of later ticks: that it is queued, and what became of it with the result")
    func asks() {
        var (stage, ann) = stage()
        send("price tea", &stage, ann)
        #expect(notes(stage) == ["asked 1"])
        stage.tick()
        #expect(notes(stage).last == "1 price /price/tea: queued")
        stage.finish(Work("price", "/price/tea"), result: [7])
        #expect(notes(stage).count == 2)
        stage.tick()
        #expect(notes(stage).last == "1 price /price/tea: done(result: Optional([7]))")
        send("price tea", &stage, ann)
        stage.tick()
        stage.fail(Work("price", "/price/tea"), "no scales")
        stage.tick()
        #expect(notes(stage).last == "2 price /price/tea: dead(\"no scales\")")
        stage.refuse(Work("price", "/price/gold"))
        send("price gold", &stage, ann)
        stage.tick()
        #expect(notes(stage).last == "3 price /price/gold: rejected(\"unknown kind\")")
        let count = notes(stage).count
        stage.tick(3)
        #expect(notes(stage).count == count)
    }

    @Test("An ask that the hub forgot in dying is asked again, and answered once")
    func askAgain() {
        var (stage, ann) = stage()
        send("price tea", &stage, ann)
        stage.tick()
        stage.hubLeaves()
        stage.hubReturns()
        stage.tick()
        #expect(stage.jobs.map(\.isAsked) == [true, true])
        stage.finish(Work("price", "/price/tea"))
        stage.tick(2)
        #expect(notes(stage) == ["asked 1", "1 price /price/tea: queued", "1 price /price/tea: done(result: nil)"])
    }

    @Test("Asks are bounded too: the 65th open one is not taken")
    func manyAsks() {
        var (stage, ann) = stage()
        for number in 0..<65 { send("price \(number)", &stage, ann) }
        #expect(notes(stage).filter { $0.hasPrefix("asked") }.count == 64)
        #expect(notes(stage).contains("not asked"))
    }
}
