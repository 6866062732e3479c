import Core
import Glibc

/// Lets many clients play for long, and looks at memory and at late ticks.
struct SoakRun {
    /// Of 1,000 ticks one may be skipped.
    static let overrunShare = 0.001
    private static let sampleMilliseconds: UInt64 = 2000

    let options: RigOptions
    let progress: Progress
    private var clients: Int { options.clients ?? 2000 }
    private var rate: Double { options.rate ?? 1 }
    private var seconds: Double { options.seconds ?? 600 }
    /// When memory is first looked at: at minute two, or after a fifth of a short run.
    private var settledAfter: Double { min(120, seconds / 5) }

    func run(_ report: inout RunReport) async throws {
        let stage = try await Stage(
            options, clients: clients, rate: rate, channels: max(1, clients / 50), RigClient.Promise(), wholeEvery: 32,
            progress)
        var memory = Memory(stage)
        let watch = try MachineWatch()
        do {
            await stage.play()
            while stage.playedSeconds < seconds, !Interrupt.isAsked {
                await Wait.pass(min(Self.sampleMilliseconds, UInt64(seconds * 200)))
                let now = stage.playedSeconds
                memory.look(isSettled: now >= settledAfter)
                progress.say("\(Int(now)) of \(Int(seconds)) s; \(memory.text)")
            }
        }
        let played = stage.playedSeconds
        let metrics = Ask.metrics(stage.cluster.port) ?? [:]
        watch.stop()
        memory.lookAtWaits()
        let (work, compared) = await stage.lastWord()
        report.work = work
        await stage.end()
        report.asked("seconds", seconds, done: played)
        report.asked("inputs", seconds * rate * Double(clients), done: Double(work.sent))
        report.asked("clients compared with the back at the end", Double(clients), done: Double(compared))
        judge(&report, memory, metrics)
        let seen = watch.seen
        report.figures["slots that an idle thread of this rig missed"] = Double(seen.lostSlots)
        report.figures["an idle thread's latest wake-up ms"] = Double(seen.worstNanoseconds / 1000) / 1000
        for (name, share) in memory.waits(during: played) {
            report.figures["\(name) waited for a processor, % of the time"] = share
        }
    }

    private func judge(_ report: inout RunReport, _ memory: Memory, _ metrics: [String: Double]) {
        func sum(_ name: String) -> Double {
            metrics.reduce(0) { $1.key.hasPrefix("switchback_\(name){") ? $0 + $1.value : $0 }
        }
        let (ticks, overruns) = (sum("ticks_total"), sum("overruns_total"))
        report.figures["ticks"] = ticks
        report.figures["overruns"] = overruns
        report.promise(
            "overruns at most 0.1 %", ticks > 0 && overruns <= ticks * Self.overrunShare,
            "\(RunReport.short(overruns)) of \(RunReport.short(ticks)) ticks")
        for (name, first, last) in memory.growth {
            report.figures["\(name) KiB at the end"] = Double(last)
            let percent = (Double(last) / Double(first) - 1) * 100
            report.promise(
                "memory of \(name) within \(RunReport.short(options.tolerance)) % of minute two",
                abs(percent) <= options.tolerance, "\(first) KiB, then \(last) KiB: \(RunReport.short(percent)) %")
        }
        report.promiseNoBreaches([.thrownOut, .cut, .notServed], "clients thrown out or cut off for nothing")
        report.promiseNoBreaches([.lost, .twice, .open, .undecided, .early, .refusedForNothing], "inputs gone wrong")
        report.promiseNoBreaches([.silentGap, .backwards, .disagreement, .unequal], "silent gaps")
    }

    /// What each process uses, at minute two and now.
    private struct Memory {
        private var names: [(name: String, pid: pid_t)] = []
        private var first: [String: Int] = [:]
        private var last: [String: Int] = [:]
        private var waitedBefore: [String: UInt64] = [:]
        private var waited: [String: UInt64] = [:]

        init(_ stage: Stage) {
            let status = Ask.status(stage.cluster.port)
            names = [("hub", stage.cluster.hub.pid)] + (status?.processes.map { ($0.name, $0.pid) } ?? [])
            names.append(("the clients", getpid()))
            for (name, pid) in names { waitedBefore[name] = Processes.waitedNanoseconds(pid) }
        }

        mutating func look(isSettled: Bool) {
            for (name, pid) in names {
                guard let size = Processes.residentKiB(pid) else { continue }
                last[name] = size
                if isSettled, first[name] == nil { first[name] = size }
            }
        }

        mutating func lookAtWaits() {
            for (name, pid) in names {
                waited[name] = Processes.waitedNanoseconds(pid) &- (waitedBefore[name] ?? 0)
            }
        }

        /// How much of the time each would have run, had others not had the processors; more than 100 with many threads.
        func waits(during seconds: Double) -> [(name: String, share: Double)] {
            names.map { ($0.name, (Double(waited[$0.name] ?? 0) / 1e7 / seconds * 100).rounded() / 100) }
        }

        var growth: [(name: String, first: Int, last: Int)] {
            names.compactMap { process in
                // What the clients hold is the rig's own affair.
                guard process.pid != getpid(), let first = first[process.name], let last = last[process.name] else {
                    return nil
                }
                return (process.name, first, last)
            }
        }

        var text: String { names.map { "\($0.name) \((last[$0.name] ?? 0) / 1024) MiB" }.joined(separator: ", ") }
    }
}
