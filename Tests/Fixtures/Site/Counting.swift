import BackChannel

/// How far it has counted, and the last answer to a question.
struct Count: Row {
    var count: Int32 = 0
    var answers = ""
    static let schema = Schema<Count>(.field("count", \.count), .field("answers", \.answers))
}

/// Each input counts one on and has that number's page built; the input `price X` asks for the price of X.
struct Counting: Processor {
    let counts: Table<Int, Count>
    /// Something to carry, so that a mirror has work to do.
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
    }

    private func take(_ input: Input, _ tick: inout Tick) {
        let text = input.bytes.text ?? ""
        if text.hasPrefix("\"price ") {
            let key = "/price/" + text.dropFirst(7).dropLast()
            if tick.ask(Work("price", key)) == nil { tick.refuse(input, "too many questions") }
            return
        }
        counts[0]?.count += 1
        let count = Int(counts[0]?.count ?? 0)
        weights[count % 8] = Weight(bytes: Array(repeating: UInt8(count % 256), count: 16_384))
        if !tick.submit(.page("/n/\(count)")) { tick.refuse(input, "too many pages") }
    }

    private func text(of answer: AskAnswer) -> String {
        switch answer {
        case .done(let result?): "done with \(String(decoding: result, as: UTF8.self))"
        case .rejected(let reason): "rejected, \(reason)"
        default: "\(answer)"
        }
    }
}
