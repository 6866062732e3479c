import BackChannel

/// How far it has counted, how far it is to count, what each step carries, and the answers to questions.
struct Count: Row {
    var count: Int32 = 0
    var goal: Int32 = 0
    var byteCount: Int32 = 0
    var answers = ""
    static let schema = Schema<Count>(
        .field("count", \.count), .field("goal", \.goal), .field("byteCount", \.byteCount),
        .field("answers", \.answers))
}

/// Counts one on in each tick until its goal, and has that number's page built. The input `go N` moves the goal on by N, `carry N`
/// makes each step carry N bytes, so that a mirror has work to do, and `price X` asks for the price of X.
struct Counting: Processor {
    let counts: Table<Int, Count>
    let weights: Table<Int, Weight>

    struct Weight: Row {
        var bytes: [UInt8] = []
        static let schema = Schema<Weight>(.field("bytes", \.bytes))
    }

    init(_ state: inout State) {
        counts = state.table("counts")
        weights = state.table("weights")
        counts[0] = Count()
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .input(let input): take(input, &tick)
            case .answered(let it): counts[0]?.answers += "\(it.work): \(text(of: it.answer)); "
            default: break
            }
        }
        count(&tick)
    }

    private func take(_ input: Input, _ tick: inout Tick) {
        let words = (input.bytes.text ?? "").split(whereSeparator: { $0 == " " || $0 == "\"" }).map(String.init)
        switch (words.first, words.last) {
        case ("go", let count?): counts[0]?.goal += Int32(count) ?? 0
        case ("carry", let count?): counts[0]?.byteCount = Int32(count) ?? 0
        case ("price", let what?):
            if tick.ask(Work("price", "/price/\(what)")) == nil { tick.refuse(input, "too many questions") }
        default: tick.refuse(input, "what?")
        }
    }

    private func count(_ tick: inout Tick) {
        guard let row = counts[0], row.count < row.goal else { return }
        let next = Int(row.count) + 1
        // The page is asked for again in the next tick if the outbox is full.
        guard tick.submit(.page("/n/\(next)")) else { return }
        counts[0]?.count = Int32(next)
        weights[0] = Weight(bytes: Array(repeating: UInt8(next % 256), count: Int(row.byteCount)))
    }

    private func text(of answer: AskAnswer) -> String {
        switch answer {
        case .done(let result?): "done with \(String(decoding: result, as: UTF8.self))"
        case .rejected(let reason): "rejected, \(reason)"
        default: "\(answer)"
        }
    }
}
