import Core
import Glibc

/// Kills processes of one kind, one after the other, under clients who go on sending.
struct CrashRun {
    /// A process that lived this long is started again at once when it dies; sooner it is made to wait. Victims take turns so
    /// that none dies sooner.
    private static let steadyMilliseconds: UInt64 = 10_500
    /// The least that a cycle takes, so that there is something to lose.
    private static let calmMilliseconds: UInt64 = 500

    let options: RigOptions
    let victim: RigOptions.Victim
    let progress: Progress
    private var clients: Int { options.clients ?? 200 }
    private var rate: Double { options.rate ?? 20 }

    init(_ options: RigOptions, _ victim: RigOptions.Victim, _ progress: Progress) {
        (self.options, self.victim, self.progress) = (options, victim, progress)
    }

    func run(_ report: inout RunReport) async throws {
        let promise = RigClient.Promise(mayLoseBacks: victim == .back, mayLoseConnections: victim == .front)
        let stage = try await Stage(options, clients: clients, rate: rate, promise, wholeEvery: 8, progress)
        var cycles = Cycles(stage: stage, victim: victim, seed: options.seed)
        do {
            await stage.play()
            while cycles.count < options.cycles, !Interrupt.isAsked {
                let began = Wait.nowNanoseconds
                let told = try await cycles.next()
                progress.say("cycle \(cycles.count) of \(options.cycles): \(told)")
                let took = (Wait.nowNanoseconds - began) / 1_000_000
                let least = least(stage)
                if took < least { await Wait.pass(least - took) }
            }
        } catch is Interrupt.Asked {
        } catch {
            await stage.end()
            throw error
        }
        let seconds = stage.playedSeconds
        let (work, compared) = await stage.lastWord()
        report.work = work
        report.work.breaches.add(cycles.breaches)
        await stage.end()
        report.asked("kills of a \(victim.rawValue)", Double(options.cycles), done: Double(cycles.count))
        report.asked("inputs", seconds * rate * Double(clients), done: Double(work.sent))
        report.asked("clients compared with the back at the end", Double(clients), done: Double(compared))
        for (name, value) in cycles.figures { report.figures[name] = value }
        judge(&report)
    }

    private func least(_ stage: Stage) -> UInt64 {
        let count =
            switch victim {
            case .back: stage.cluster.plan.backs
            case .front: stage.cluster.plan.fronts
            case .hub: Int.max
            }
        return max(Self.calmMilliseconds, Self.steadyMilliseconds / UInt64(count))
    }

    private func judge(_ report: inout RunReport) {
        report.promiseNoBreaches([.lost], "inputs lost")
        report.promiseNoBreaches([.twice], "inputs applied twice")
        report.promiseNoBreaches([.open], "inputs without an outcome")
        report.promiseNoBreaches([.early, .refusedForNothing, .undecided], "outcomes that are wrong")
        report.promiseNoBreaches([.silentGap, .backwards, .disagreement], "silent gaps")
        report.promiseNoBreaches([.unequal], "clients that do not hold the back's bytes at the end")
        report.promiseNoBreaches([.thrownOut, .cut], "clients thrown out or cut off for nothing")
        report.promiseNoBreaches([.process], "processes started twice, or lost")
        if victim == .hub { report.promiseNoBreaches([.notServed], "connections not served") }
        if victim == .front, let resume = report.resumePercentiles {
            report.promise(
                "resume p99 within \(RunReport.short(options.resumeWithin)) s",
                resume.p99 <= options.resumeWithin * 1000,
                "\(RunReport.short(resume.p99)) ms over \(report.work.resumes.count) resumes")
        }
        if victim == .front {
            report.asked(
                "kills after which somebody resumed", Double(options.cycles), done: report.figures["kills felt"] ?? 0)
        }
    }
}
