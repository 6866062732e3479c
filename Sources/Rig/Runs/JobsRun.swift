import Core
import Glibc
import Node

/// Page jobs with everybody mortal: a hub and eight workers, one of which is killed each second; the hub is killed too, and
/// started again; those who ask go on all the while.
struct JobsRun {
    static let workerCount = 8
    static let askerCount = 4
    /// How long nothing may become a job, or the queue may take to be empty at the end. A key of a killed hub waits 30 s.
    private static let patienceMilliseconds: UInt64 = 240_000

    /// What happened so far.
    private struct Story {
        var workerKills: [(pid: pid_t, at: UInt64)] = []
        var hubKills: [UInt64] = []
        var nextKillAt: UInt64
        /// Counters of the hubs that were killed, added up; those of the living one are added at the end.
        var counters: [String: Double] = [:]
        var dice: Dice
    }

    let options: RigOptions
    let progress: Progress
    private var count: Int { options.count ?? 10_000 }
    private var killEveryNanoseconds: UInt64 { UInt64((options.killEvery ?? 1) * 1e9) }

    init(options: RigOptions, progress: Progress) { (self.options, self.progress) = (options, progress) }

    func run(_ report: inout RunReport) async throws {
        let field = JobField(jobs: count)
        // Enough of both to be seen in a small run, few enough not to hold up a large one.
        let (late, fail) = (max(8, count / 25), max(20, count / 100))
        var plan = RigCluster.Plan(fronts: 1, backs: 1)
        plan.jobs = JobField.declarations
        plan.worker = (Self.workerCount, "rig-worker '\(RigCluster.buildLog)' \(late) \(fail)")
        progress.say("starting \(Self.workerCount) workers")
        let cluster = try await RigCluster(plan)
        do {
            try await run(&report, cluster, field)
        } catch {
            await cluster.end()
            throw error
        }
        await cluster.end()
    }

    private func run(_ report: inout RunReport, _ cluster: RigCluster, _ field: JobField) async throws {
        // Half a minute of asking, less for a small run, but long enough for builds that answer too late.
        let rate = min(1_000, max(Double(count) / 30, min(100, Double(count) / 12))) / Double(Self.askerCount)
        var askers: [Confined<JobAsker>] = []
        for number in 1...Self.askerCount {
            askers.append(
                try JobAsker.start(
                    JobAsker.Plan(
                        stateFolder: cluster.stateFolder, field: field, rate: rate,
                        seed: options.seed &* 1_000 &+ UInt64(number), name: "asker-\(number)")))
        }
        var story = Story(nextKillAt: Wait.nowNanoseconds + killEveryNanoseconds, dice: Dice(seed: options.seed))
        let began = Wait.nowNanoseconds
        do {
            try await play(cluster, askers, &story)
            for asker in askers { await asker.call { $0.pause() } }
            // Now, while keys are built that were asked for during that for the last time.
            _ = await Wait.until(Self.patienceMilliseconds) { await standing(askers).open == 0 }
            if options.hubKills > 0 { try await killHub(cluster, &story) }
            try await empty(cluster, askers, &story)
        } catch is Interrupt.Asked {}
        let seconds = Double(Wait.nowNanoseconds - began) / 1e9
        addCounters(of: cluster, to: &story)
        let log = Processes.text(cluster.path(RigCluster.buildLog))
        var told: [JobAsker.Story] = []
        for asker in askers { told.append(await asker.call { $0.end() }) }
        try judge(&report, cluster, field, story, told, BuildLog.builds(log), seconds)
    }

    /// Until there were as many jobs as are wanted.
    private func play(_ cluster: RigCluster, _ askers: [Confined<JobAsker>], _ story: inout Story) async throws {
        var last = (queued: 0, at: Wait.nowNanoseconds)
        while true {
            let queued = await standing(askers).queued
            if queued > last.queued { last = (queued, Wait.nowNanoseconds) }
            guard queued < count else { return }
            guard Wait.nowNanoseconds - last.at < Self.patienceMilliseconds * 1_000_000 else {
                throw RigFailure("nothing is queued any more; the log ends with:\n\(cluster.lastOfLog)")
            }
            if story.hubKills.count < options.hubKills - 1,
                queued >= count * (story.hubKills.count + 1) / options.hubKills
            {
                try await killHub(cluster, &story)
            }
            try await pass(cluster, &story, "\(queued) of \(count) jobs")
        }
    }

    /// Until everything is answered, and built.
    private func empty(_ cluster: RigCluster, _ askers: [Confined<JobAsker>], _ story: inout Story) async throws {
        let began = Wait.nowNanoseconds
        while true {
            let open = await standing(askers).open
            let jobs = Ask.status(cluster.port)?.jobs
            let depth = jobs.map { $0.waiting.values.reduce(0, +) + $0.running + $0.absorbed }
            if open == 0, depth == 0 { return }
            guard Wait.nowNanoseconds - began < Self.patienceMilliseconds * 1_000_000 else {
                // What is still there is what the promises are about.
                return progress.say("the queue does not become empty")
            }
            try await pass(cluster, &story, "all asked for; \(depth.map(String.init) ?? "?") left")
        }
    }

    /// Lets a moment pass, and kills the next worker if it is time.
    private func pass(_ cluster: RigCluster, _ story: inout Story, _ told: String) async throws {
        try Interrupt.check()
        progress.say("\(told); killed \(story.workerKills.count) workers and \(story.hubKills.count) hubs")
        await Wait.pass(50)
        guard Wait.nowNanoseconds >= story.nextKillAt else { return }
        story.nextKillAt += killEveryNanoseconds
        let workers = Ask.status(cluster.port)?.processes.filter { $0.role == "worker" && $0.state == "running" } ?? []
        guard !workers.isEmpty else { return }
        let victim = workers[Int(story.dice.next() % UInt64(workers.count))]
        guard victim.pid > 0, kill(victim.pid, SIGKILL) == 0 else { return }
        story.workerKills.append((victim.pid, Wait.nowNanoseconds))
    }

    private func killHub(_ cluster: RigCluster, _ story: inout Story) async throws {
        addCounters(of: cluster, to: &story)
        await cluster.killHub()
        story.hubKills.append(Wait.nowNanoseconds)
        await Wait.pass(100 + story.dice.next() % 400)
        try cluster.startHubAgain()
    }

    private func standing(_ askers: [Confined<JobAsker>]) async -> (queued: Int, open: Int) {
        var sum = (queued: 0, open: 0)
        for asker in askers {
            let one = await asker.call { $0.standing }
            sum = (sum.queued + one.queued, sum.open + one.open)
        }
        return sum
    }

    private func addCounters(of cluster: RigCluster, to story: inout Story) {
        for (name, value) in Ask.metrics(cluster.port) ?? [:] {
            guard name.hasPrefix("switchback_jobs_"), let end = name.firstRange(of: "_total{") else { continue }
            story.counters[String(name[..<end.lowerBound].dropFirst("switchback_jobs_".count)), default: 0] += value
        }
    }

    // MARK: Judgement

    private func judge(
        _ report: inout RunReport, _ cluster: RigCluster, _ field: JobField, _ story: Story, _ told: [JobAsker.Story],
        _ builds: [Build], _ seconds: Double
    ) throws {
        let taken = told.flatMap(\.taken)
        let shelf = try JobShelf(cluster.stateFolder)
        let asked = Set(taken.flatMap { [$0.address, field.boards[$0.address]] }).sorted()
        var pages: [Int: UInt64] = [:]
        for place in asked { pages[place] = try shelf.page(field.addresses[place].key).flatMap { UInt64($0) } }
        let verdict = JobsVerdict(
            field: field, taken: taken, builds: builds, pages: pages, workerKills: story.workerKills,
            hubKills: story.hubKills)
        let late = verdict.lateBuilds
        let lateTaken = try late.filter { try shelf.page(RigWorker.latePath($0.token)) != nil }
        let summary = Ask.status(cluster.port)?.jobs
        let left = summary.map { $0.waiting.values.reduce(0, +) + $0.running + $0.absorbed } ?? -1

        let (early, lost, two) = (verdict.builtBeforeLastRequest, verdict.lost, verdict.twoAtOnce)
        report.promise("keys whose last build started before their last request", early.count == 0, early.text)
        report.promise("requests lost", lost.count == 0, lost.text)
        report.promise("two builds of a key at once", two.count == 0, two.text)
        report.promise(
            "late results taken", lateTaken.isEmpty,
            "\(lateTaken.count) of \(late.count)" + (lateTaken.first.map { ": \($0.address), run \($0.token)" } ?? ""))
        let ends = verdict.endsToldWrongly
        report.promise("ends told too early or wrongly", ends.count == 0, ends.text)
        report.promise("jobs left in the queue", left == 0, "\(left)")
        report.promise("dead letters", summary?.deadLetters == 0, "\(summary?.deadLetters ?? -1)")

        let queued = told.reduce(0) { $0 + $1.queued }
        report.asked("jobs queued", Double(count), done: Double(queued))
        report.asked("jobs built", Double(count), done: Double(builds.count { $0.end?.outcome == .done }))
        report.asked(
            "workers killed", seconds * 1e9 / Double(killEveryNanoseconds), done: Double(story.workerKills.count))
        report.asked("hubs killed", Double(options.hubKills), done: Double(story.hubKills.count))
        report.asked("late results offered", 1, done: Double(late.count))
        report.asked("keys compared", Double(verdict.lastRequests.count), done: Double(verdict.comparedCount))
        fill(&report, verdict, story, told)
    }

    private func fill(
        _ report: inout RunReport, _ verdict: JobsVerdict, _ story: Story, _ told: [JobAsker.Story]
    ) {
        let waits = verdict.waits
        report.figures["wait p50 ms"] = JobsVerdict.percentile(0.5, of: waits)
        report.figures["wait p99 ms"] = JobsVerdict.percentile(0.99, of: waits)
        report.figures["wait max ms"] = waits.last ?? 0
        report.figures["builds"] = Double(verdict.builds.count)
        report.figures["builds that failed"] = Double(verdict.builds.count { $0.end?.outcome == .failed })
        report.figures["builds cut off by a kill"] = Double(verdict.cutOff)
        report.figures["keys"] = Double(verdict.lastRequests.count)
        report.figures["requests taken"] = Double(verdict.taken.count)
        report.figures["requests merged"] = Double(told.reduce(0) { $0 + $1.merged })
        report.figures["requests asked again"] = Double(told.reduce(0) { $0 + $1.askedAgain })
        report.figures["requests rejected"] = Double(told.reduce(0) { $0 + $1.rejected.values.reduce(0, +) })
        report.figures["ends told"] = Double(verdict.taken.count { $0.end != nil })
        for name in ["retried", "absorbed", "timed_out", "leases_expired", "late_results", "dead", "came_back"] {
            report.figures["hub: \(name)"] = story.counters[name] ?? 0
        }
    }
}
