import Core
import Hub
import Node

/// `hub jobs submit`: one request, its answer, and if wanted its end.
enum JobSubmission {
    static func run(
        _ address: JobAddress, _ options: NodeArguments, _ folder: String, isJSON: Bool, waits: Bool
    ) throws(NodeFailure) -> Int32 {
        var request = JobRequest(address, payload: Array((options["--payload"] ?? "").utf8))
        if let name = options["--class"] {
            guard let chosen = DeadlineClass(name) else {
                let names = DeadlineClass.allCases.map(\.description).joined(separator: ", ")
                throw NodeFailure("--class: '\(name)' is none; there are \(names)")
            }
            request.deadlineClass = chosen
        }
        let caller = try JobCaller(stateFolder: folder)
        caller.say(.submit(number: 1, request, awaitsEnd: waits))
        guard case .answer(_, let answer) = try caller.next(withinMilliseconds: 10_000) else {
            throw NodeFailure("the hub answered something else")
        }
        switch answer {
        case .queued(let id): say("queued", "\(id)", isJSON)
        case .merged(let id): say("merged", "\(id)", isJSON)
        case .rejected(let reason):
            say("rejected", "\(reason)", isJSON)
            return 1
        }
        guard waits else { return 0 }
        while true {
            // As long as it takes; the hub's line is watched.
            guard case .ended(_, let outcome)? = try? caller.next(withinMilliseconds: 3_600_000) else {
                throw NodeFailure("the hub is gone; whether it was done is not known here")
            }
            switch outcome {
            case .done: say("ended", "done", isJSON)
            case .dead(let error): say("ended", "dead: \(error)", isJSON)
            case .dropped: say("ended", "dropped", isJSON)
            }
            return outcome == .done ? 0 : 1
        }
    }

    private static func say(_ word: String, _ value: String, _ isJSON: Bool) {
        Console.say(isJSON ? JSON.text([word: value]) : "\(word) \(value)")
    }
}
