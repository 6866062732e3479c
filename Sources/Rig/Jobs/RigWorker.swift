import Core
import Worker

/// The worker of the jobs run: `hub-rig rig-worker FILE LATE FAIL`, started by the hub. Its builds take some milliseconds; one
/// in LATE answers after its time limit, whatever it is told, and one in FAIL fails, both at their first attempt only.
enum RigWorker {
    static let slots = 4
    /// By how much a late answer is late: it comes while the second attempt goes on, which begins after 0.75 to 1.25 s.
    private static let lateNanoseconds: UInt64 = 1_600_000_000
    private static let secondAttemptMilliseconds: UInt64 = 1_200
    private static let hotMilliseconds: UInt64 = 150

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        guard arguments.count == 3, let log = BuildLog(arguments[0]), let late = UInt64(arguments[1]),
            let fail = UInt64(arguments[2]), late > 0, fail > 0
        else { return RigCommand.complain("a rig-worker wants a file and two numbers", 2) }
        do {
            try await WorkerProcess.run(JobField.kinds, slots: slots) { job in
                try await build(job, log, late, fail)
            }
            return 0
        } catch {
            return RigCommand.complain("the worker: \(error)", 1)
        }
    }

    /// Where a late result puts a page that nobody should ever see.
    static func latePath(_ token: UInt64) -> String { "/late/\(token)" }

    private static func build(_ job: Job, _ log: BuildLog, _ late: UInt64, _ fail: UInt64) async throws -> [Page] {
        let token = job.run.number
        log.began(JobAddress(job.kind, job.key), token: token, attempt: job.attempt)
        var dice = Dice(seed: token)
        let lot = dice.next()
        let page = Page("\(token)")
        if job.attempt == 1, lot % late == 0 {
            // Not to be cancelled: a build that hangs does not listen.
            await Task.detached {
                try? await Task.sleep(nanoseconds: JobField.limitNanoseconds + lateNanoseconds)
            }.value
            log.ended(token: token, .late)
            return [page, Page("late", path: latePath(token))]
        }
        do {
            let milliseconds =
                switch job.attempt {
                case 2: secondAttemptMilliseconds
                default: JobField.isHot(job.key) ? hotMilliseconds : 5 + dice.next() % 60
                }
            try await Task.sleep(nanoseconds: milliseconds * 1_000_000)
            if job.attempt == 1, lot % fail == 1 { throw WorkerFailure("this build fails on purpose") }
        } catch {
            log.ended(token: token, .failed)
            throw error
        }
        log.ended(token: token, .done)
        return [page]
    }
}
