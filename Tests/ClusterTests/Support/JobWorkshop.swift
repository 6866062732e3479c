import Core
import Foundation
import Glibc
import Node
import Testing

/// What tests of page jobs need beside a cluster: a command for workers whose every build waits for leave to end, a journal of what
/// began and ended in which order, and a line to the hub.
final class JobWorkshop {
    let folder: String
    private var gate: Int32 = -1

    /// Kinds of each deadline class, in the order of `DeadlineClass`; none within another.
    static let classes = ["thread", "preview", "catalog", "page", "front"]
    static let declarations = declarations(limit: "300s")

    static func declarations(limit: String) -> [String] {
        classes.flatMap { ["--jobs", "\($0)=/\($0)/{key} \($0) limit:\(limit)"] }
    }

    init() throws {
        folder = try Files.temporaryFolder()
        guard mkfifo(folder + "/gate", 0o600) == 0 else { throw Failure("no gate") }
        // Both ends, so that nobody finds it closed and nobody waits to open it.
        gate = Glibc.open(folder + "/gate", O_RDWR | O_CLOEXEC)
        guard gate >= 0 else { throw Failure("the gate does not open") }
    }

    deinit {
        close()
        Files.remove(folder)
    }

    /// Builds that wait find the gate gone and end.
    func close() {
        guard gate >= 0 else { return }
        letEnd(64)
        Glibc.close(gate)
        gate = -1
    }

    /// `--worker` for a worker of all classes that builds as told above.
    func worker(slots: Int, kinds: [String] = classes) throws -> [String] {
        let hub = try Files.executable("hub")
        let command =
            "read job; echo begun $SWITCHBACK_JOB_KEY >> \(folder)/journal; read leave < \(folder)/gate; "
            + "echo ended $SWITCHBACK_JOB_KEY >> \(folder)/journal; echo attempt $SWITCHBACK_JOB_ATTEMPT"
        let served = kinds.map { "--kind \($0)" }.joined(separator: " ")
        return ["--worker", "'\(hub)' worker \(served) --slots \(slots) --exec '\(command)'"]
    }

    /// Gives so many builds leave to end.
    func letEnd(_ count: Int) {
        let bytes = [UInt8](repeating: UInt8(ascii: "\n"), count: count)
        _ = write(gate, bytes, bytes.count)
    }

    /// What happened, in its order.
    var journal: [String] {
        Files.text(folder + "/journal").split(separator: "\n").map(String.init)
    }

    /// Writes a line of the test's own between those of the builds.
    func note(_ line: String) throws {
        guard let file = FileHandle(forWritingAtPath: folder + "/journal") else { throw Failure("no journal yet") }
        file.seekToEndOfFile()
        file.write(Data((line + "\n").utf8))
        try file.close()
    }

    /// Waits until the journal is as wished.
    func awaitJournal(_ wish: String, _ isReached: ([String]) -> Bool) throws {
        let bound = Bound(.seconds(30))
        while !bound.isOver {
            if isReached(journal) { return }
            Wire.await([], Bound(.milliseconds(20)))
        }
        throw Failure("the journal does not become: \(wish). It is \(journal)")
    }
}

extension Cluster {
    /// A line to the hub, as tools have one.
    func jobLine() throws -> JobCaller { try JobCaller(stateFolder: folder + "/state") }

    /// Asks for each of these jobs on one line, and answers what the hub said to each.
    func submit(_ jobs: [JobAddress]) throws -> [JobAnswer] {
        let line = try jobLine()
        for (number, job) in jobs.enumerated() {
            line.say(.submit(number: UInt64(number), JobRequest(job), awaitsEnd: false))
        }
        var answers = [JobAnswer?](repeating: nil, count: jobs.count)
        for _ in jobs {
            guard case .answer(let number, let answer) = try line.next(withinMilliseconds: 20_000) else {
                throw Failure("the hub says something else than an answer")
            }
            answers[Int(number)] = answer
        }
        return try answers.map {
            guard let answer = $0 else { throw Failure("a request is not answered") }
            return answer
        }
    }

    /// Waits until nothing waits, runs or is absorbed.
    func awaitNoJobs() throws {
        try awaitStatus("no job is left", within: .seconds(60)) { status in
            let jobs = try status.members("jobs")
            let waiting = try jobs.members("waiting").values.compactMap { ($0 as? NSNumber)?.intValue }.reduce(0, +)
            return try waiting + jobs.number("running") + jobs.number("absorbed") == 0
        }
    }
}
