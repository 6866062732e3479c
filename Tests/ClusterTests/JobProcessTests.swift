import Core
import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// The queue's promises, with a real hub, real workers and real kills.
    @Suite(.serialized) struct JobProcesses {
        @Test(
            "L9, L10, L11: 1,000 requests during a build are one more build, which starts after the last: for each class, and with the hub killed in between",
            arguments: [false, true])
        func again(hubDies: Bool) throws {
            let workshop = try JobWorkshop()
            let options = try JobWorkshop.declarations + workshop.worker(slots: 16)
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: options) { cluster in
                defer { workshop.close() }
                let jobs = JobWorkshop.classes.map { JobAddress($0, "/\($0)/1") }
                for answer in try cluster.submit(jobs) { #expect(answer.isQueued, "\(answer)") }
                try workshop.awaitJournal("each is being built") { $0.count == jobs.count }

                let half = Array(repeating: jobs, count: 500).flatMap(\.self)
                var answers = try cluster.submit(half)
                if hubDies {
                    try cluster.killHub()
                    try cluster.startHubAgain()
                }
                answers += try cluster.submit(half)
                #expect(answers.count == 1_000 * jobs.count)
                #expect(answers.count(where: \.isQueued) == jobs.count, "one entry more of each key")
                #expect(!answers.contains { $0.isRejected })
                #expect(workshop.journal.count == jobs.count, "nothing began meanwhile")
                try workshop.note("asked for the last time")

                workshop.letEnd(jobs.count)
                try workshop.awaitJournal("each is built and begun again") { $0.count == 3 * jobs.count + 1 }
                workshop.letEnd(jobs.count)
                try cluster.awaitNoJobs()
                for job in jobs {
                    let story = workshop.journal.filter { $0.hasSuffix(job.key) || $0.hasPrefix("asked") }
                    #expect(
                        story == [
                            "begun \(job.key)", "asked for the last time", "ended \(job.key)", "begun \(job.key)",
                            "ended \(job.key)",
                        ])
                }
            }
        }

        @Test("L12: as many jobs run at once as the workers have slots together, and the next when one ends")
        func slots() throws {
            let workshop = try JobWorkshop()
            let options = try JobWorkshop.declarations + workshop.worker(slots: 2) + workshop.worker(slots: 3)
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: options) { cluster in
                defer { workshop.close() }
                let answers = try cluster.submit((0..<8).map { JobAddress("page", "/page/\($0)") })
                #expect(answers.allSatisfy { $0.isQueued })
                try workshop.awaitJournal("five run") { $0.count == 5 }
                try cluster.awaitStatus("five run and three wait") { status in
                    let jobs = try status.members("jobs")
                    return try jobs.number("running") == 5 && jobs.number("slots") == 5
                        && jobs.members("waiting").number("page") == 3
                }
                #expect(workshop.journal.count == 5)
                workshop.letEnd(1)
                try workshop.awaitJournal("one ended and the next began") { $0.count == 7 }
                workshop.letEnd(7)
                try cluster.awaitNoJobs()
                #expect(Set(workshop.journal.filter { $0.hasPrefix("ended") }).count == 8)
            }
        }

        @Test(
            "L15: a worker that never answers holds up only its own job; that goes to another, and its late result is not taken"
        )
        func silent() throws {
            let hub = try Files.executable("hub")
            let worker = ["--worker", "'\(hub)' worker --kind page --exec 'read job; echo $SWITCHBACK_JOB_ATTEMPT'"]
            let options = ["--jobs", "page=/p/{page} page limit:3s"] + worker + worker
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: options) { cluster in
                let silent = try cluster.pid(of: "worker-1")
                kill(silent, SIGSTOP)
                // One of the first two is given to the worker that does not hear it; the other one has all the rest to do.
                let pages = (0..<42).map { JobAddress("page", "/p/\($0)") }
                #expect(try cluster.submit(Array(pages[..<2])).allSatisfy(\.isQueued))
                let line = try cluster.jobLine()
                for (number, page) in pages.enumerated().dropFirst(2) {
                    line.say(.submit(number: UInt64(number), JobRequest(page), awaitsEnd: true))
                }
                var ends = 0
                while ends < 40 {
                    guard case .ended(_, let outcome) = try line.next(withinMilliseconds: 30_000) else { continue }
                    #expect(outcome == .done)
                    ends += 1
                }
                // Its own is built as well in the end, at the second attempt, and it is the only one.
                try cluster.awaitNoJobs()
                let built = try pages.map { try cluster.page($0.key) }
                #expect(built.filter { $0 == "1\n" }.count == 41 && built.filter { $0 == "2\n" }.count == 1)
                #expect(try cluster.metric("jobs_timed_out_total") == 1)
                #expect(try cluster.metric("jobs_late_results_total") == 0)
                kill(silent, SIGCONT)
                try cluster.awaitMetric("jobs_late_results_total", above: 0)
                let later = try pages.map { try cluster.page($0.key) }
                #expect(later == built)
                #expect(try cluster.metric("jobs_done_total") == 42)
            }
        }

        @Test("L15: a result that comes while another worker has the job already is not taken")
        func late() throws {
            let workshop = try JobWorkshop()
            let options =
                try JobWorkshop.declarations(limit: "2s") + workshop.worker(slots: 1) + workshop.worker(slots: 1)
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: options) { cluster in
                defer { workshop.close() }
                let page = JobAddress("page", "/page/1")
                #expect(try cluster.submit([page]).count == 1)
                try workshop.awaitJournal("it is being built") { $0.count == 1 }
                let line = try cluster.jobLine()
                line.say(.command(number: 1, .show, page, limit: 1))
                guard case .report(_, let text) = try line.next(withinMilliseconds: 10_000) else {
                    throw Failure("the hub says something else than a report")
                }
                // The builder ends, and its worker cannot say so until the other one is at it.
                let slow = try cluster.pid(of: text.contains("worker-1") ? "worker-1" : "worker-2")
                kill(slow, SIGSTOP)
                workshop.letEnd(1)
                try workshop.awaitJournal("it is given to the other worker") { $0.count == 3 }
                kill(slow, SIGCONT)
                try cluster.awaitMetric("jobs_late_results_total", above: 0)
                #expect(try cluster.page(page.key) == nil)
                workshop.letEnd(1)
                try cluster.awaitNoJobs()
                #expect(try cluster.page(page.key) == "attempt 2\n")
                #expect(try cluster.metric("jobs_done_total") == 1)
            }
        }

        @Test(
            "L16: with all workers away nothing is lost, and the queue answers rejected(full) at its cap and never grows past it"
        )
        func full() throws {
            let hub = try Files.executable("hub")
            let options = [
                "--jobs", "page=/p/{page} page", "--job-limit", "50", "--worker",
                "'\(hub)' worker --kind page --slots 4 --exec 'read job; echo built'",
            ]
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: options) { cluster in
                let worker = try cluster.pid(of: "worker-1")
                kill(worker, SIGSTOP)
                let pages = (0..<200).map { JobAddress("page", "/p/\($0)") }
                let answers = try cluster.submit(pages)
                #expect(answers.count(where: \.isQueued) == 50)
                #expect(answers.count { $0 == .rejected(.full) } == 150)
                #expect(try cluster.metric("jobs_rejected_total", "reason=\"the queue is full\"") == 150)
                // What waits already is merged, full or not.
                #expect(try cluster.submit([pages[49]]).allSatisfy(\.isMerged))
                let jobs = try cluster.status().members("jobs")
                let (waiting, running) = (try jobs.members("waiting").number("page"), try jobs.number("running"))
                #expect(waiting + running == 50)
                kill(worker, SIGCONT)
                try cluster.awaitNoJobs()
                for page in pages.prefix(50) {
                    let built = try cluster.page(page.key)
                    #expect(built == "built\n", "\(page)")
                }
                #expect(try cluster.page("/p/50") == nil)
                #expect(try cluster.submit([pages[50]]).allSatisfy(\.isQueued))
            }
        }

        @Test("L13: five failed runs are a dead letter with the last error; it is listed, tried again and dropped")
        func deadLetter() throws {
            let hub = try Files.executable("hub")
            let options = [
                "--jobs", "page=/p/{page} page", "--worker",
                "'\(hub)' worker --kind page --exec 'read job; exit 3'",
            ]
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: options) { cluster in
                func jobs(_ words: String...) throws -> (code: Int32, output: String) {
                    let answer = try Spawned.run([hub, "jobs"] + words + ["--state", cluster.folder + "/state"])
                    return (answer.code, answer.output)
                }
                func awaitState(_ state: String, runs: Int) throws {
                    let bound = Bound(.seconds(20))
                    var last = ""
                    repeat {
                        last = try jobs("show", "page", "/p/1", "--json").output
                        if last.contains("\"state\":\"\(state)\""), last.contains("\"attempts\":\(runs)") { return }
                        Wire.await([], Bound(.milliseconds(20)))
                    } while !bound.isOver
                    throw Failure("no \(state) after \(runs) runs: \(last)")
                }
                #expect(try jobs("submit", "page", "/p/1").code == 0)
                for run in 1...4 {
                    try awaitState("resting", runs: run)
                    #expect(try jobs("retry", "page", "/p/1").code == 0, "it need not wait")
                }
                try awaitState("dead", runs: 5)
                #expect(try jobs("list").output.contains("the command ended with code 3"))
                #expect(try cluster.status().members("jobs").number("deadLetters") == 1)
                #expect(try cluster.metric("jobs_dead_total") == 1)
                try checkOperators(cluster)
                #expect(try jobs("retry", "page", "/p/1").code == 0)
                try awaitState("resting", runs: 1)
                #expect(try jobs("drop", "page", "/p/1").code == 0)
                #expect(try jobs("show", "page", "/p/1").code == 1)
            }
        }

        /// What operators see of a queue with one dead letter, which took five runs.
        private func checkOperators(_ cluster: Cluster) throws {
            let page = try HTTP.get("/metrics", cluster.port).text
            for sample in [
                "jobs_waiting{process=\"hub\",class=\"page\"} 0", "jobs_dead_letters{process=\"hub\"} 1",
                "jobs_workers{process=\"hub\"} 1", "jobs_queued_total{process=\"hub\"} 1",
                "jobs_merged_total{process=\"hub\"} 0", "jobs_absorbed_total{process=\"hub\"} 0",
                "jobs_retried_total{process=\"hub\"} 4", "jobs_wait_seconds_count{process=\"hub\"} 5",
                "jobs_run_seconds_count{process=\"hub\"} 5",
            ] { #expect(page.contains("\nswitchback_\(sample)\n"), "\(sample)") }
            let table = try Spawned.run(
                [try Files.executable("hub"), "status", "--hub", "127.0.0.1:\(cluster.port)"]
            ).output
            let lines = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            let place = try #require(lines.firstIndex { $0.first == "QUEUE" }, "\(table)")
            #expect(lines[place + 1] == ["open", "0", "0", "0", "0", "0", "0", "0", "1", "1", "1"], "\(table)")
        }
    }
}

extension Cluster {
    /// What the store has at a path; nil if there is nothing.
    fileprivate func page(_ path: String) throws -> String? {
        let line = try jobLine()
        line.say(.fetch(number: 1, path: path))
        guard case .page(_, let page) = try line.next(withinMilliseconds: 10_000) else {
            throw Failure("the hub says something else than a page")
        }
        return page.map { String(decoding: $0.content, as: UTF8.self) }
    }
}

extension JobAnswer {
    fileprivate var isQueued: Bool { if case .queued = self { true } else { false } }
    fileprivate var isMerged: Bool { if case .merged = self { true } else { false } }
    fileprivate var isRejected: Bool { if case .rejected = self { true } else { false } }
}
