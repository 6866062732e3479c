import BackChannel
import FrontChannel
import Worker

/// A site for the tests of page jobs, in three parts: `fixture-site back`, `front` and `worker`.
///
/// Its one channel counts; each step has the page of its number built, which shows what the worker saw of the count and its goal.
@main
struct Main {
    static func main() async throws {
        let rest = Array(CommandLine.arguments.dropFirst(2))
        switch CommandLine.arguments.dropFirst().first {
        case "back":
            try await BackProcess.run(arguments: rest) { $0.channels("count", Counting.self, rate: .hertz(100)) }
        case "front":
            try await FrontProcess.run(arguments: rest) { setup in
                setup.pages("/n/{number}", kind: "page")
                setup.pages("/slow/{number}", kind: "slow")
            }
        case "worker":
            try await WorkerProcess.run("page", "price", "slow", mirroring: "count", slots: 4) { job, mirrors in
                if job.kind == "slow" { try await Task.sleep(for: .milliseconds(50)) }
                guard job.key != "/price/never" else { throw WorkerFailure("it has no price") }
                let count = mirrors["count"]?.table("counts", key: Int.self, row: Count.self)[0]
                return [Page("\(count?.count ?? 0) of \(count?.goal ?? 0)", contentType: "text/plain")]
            }
        default: print("fixture-site: say back, front or worker")
        }
    }
}
