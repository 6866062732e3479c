import Core
import Glibc

/// Stops one process of each kind for some seconds (SIGSTOP) and lets it go on: nobody is thrown out, and all recovers.
struct PauseRun {
    let options: RigOptions
    let progress: Progress
    private var clients: Int { options.clients ?? 100 }
    private var rate: Double { options.rate ?? 5 }
    /// Shorter than the time in which a peer has to answer a ping.
    private var seconds: Double { min(options.seconds ?? 4, 8) }

    func run(_ report: inout RunReport) async throws {
        let stage = try await Stage(options, clients: clients, rate: rate, RigClient.Promise(), progress)
        var breaches = Breaches()
        var pauses = 0
        do {
            await stage.play()
            for victim in RigOptions.Victim.allCases where !Interrupt.isAsked {
                progress.say("a \(victim.rawValue) is stopped for \(RunReport.short(seconds)) s")
                try await pause(victim, stage, &breaches)
                pauses += 1
            }
        } catch is Interrupt.Asked {
        } catch {
            await stage.end()
            throw error
        }
        let played = stage.playedSeconds
        let (work, compared) = await stage.lastWord()
        report.work = work
        report.work.breaches.add(breaches)
        await stage.end()
        report.asked("kinds of process stopped", 3, done: Double(pauses))
        report.asked("inputs", played * rate * Double(clients), done: Double(work.sent))
        report.asked("clients compared with the back at the end", Double(clients), done: Double(compared))
        report.promiseNoBreaches([.thrownOut, .cut], "clients thrown out or cut off for nothing")
        report.promiseNoBreaches([.process], "processes started twice, or lost")
        report.promiseNoBreaches([.lost, .open, .undecided], "inputs lost, open or undecided")
        report.promiseNoBreaches([.twice], "inputs applied twice")
        report.promiseNoBreaches([.early, .refusedForNothing], "outcomes that are wrong")
        report.promiseNoBreaches([.silentGap, .backwards, .disagreement, .unequal], "silent gaps")
    }

    private func pause(_ victim: RigOptions.Victim, _ stage: Stage, _ breaches: inout Breaches) async throws {
        let before = try await stage.cluster.awaitRunning(withinMilliseconds: Stage.recoveryMilliseconds)
        let pid =
            victim == .hub
            ? stage.cluster.hub.pid : before.processes.first { $0.role == victim.rawValue }?.pid ?? 0
        guard pid > 0 else { throw RigFailure("the hub knows no \(victim.rawValue)") }
        kill(pid, SIGSTOP)
        await Wait.pass(UInt64(seconds * 1000))
        kill(pid, SIGCONT)
        guard try await stage.awaitReady() else { throw RigFailure("not every client plays again after 30 s") }
        let after = try await stage.cluster.awaitRunning(withinMilliseconds: Stage.recoveryMilliseconds)
        for (old, new) in zip(before.processes, after.processes) where old.pid != new.pid {
            breaches.note(.process, "\(old.name) was started again after a \(victim.rawValue) was stopped")
        }
    }
}
