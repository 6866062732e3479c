import Core
import Glibc

/// One kill after the other, each seen through until everything is whole again.
struct Cycles {
    let stage: Stage
    let victim: RigOptions.Victim
    private(set) var count = 0
    private(set) var breaches = Breaches()
    private(set) var figures: [String: Double] = [:]
    private var dice: Dice

    init(stage: Stage, victim: RigOptions.Victim, seed: UInt64) {
        (self.stage, self.victim) = (stage, victim)
        dice = Dice(seed: seed ^ 0x5EED)
    }

    /// Kills the next victim and waits until all clients play again. Answers what happened.
    mutating func next() async throws -> String {
        // At some instant of a tick, not always the same.
        await Wait.pass(dice.next() % 50)
        let before = try await stage.cluster.awaitRunning(withinMilliseconds: Stage.recoveryMilliseconds)
        let told: String
        switch victim {
        case .hub: told = try await killHub(before)
        case .front, .back: told = try await killServant(before)
        }
        guard try await stage.awaitReady() else {
            throw RigFailure(
                "kill \(count + 1): not every client plays again after 30 s: \(await stage.excuse()); the log ends with:\n"
                    + stage.cluster.lastOfLog)
        }
        count += 1
        return told
    }

    private mutating func killServant(_ before: HubStatus) async throws -> String {
        let role = victim.rawValue
        // Backs take turns; of the fronts the one with the most clients, who all went elsewhere when the last one died.
        let candidates = before.processes.filter { $0.role == role }.sorted { $0.name < $1.name }
        guard !candidates.isEmpty else { throw RigFailure("the hub knows no \(role)") }
        let busiest = candidates.max { ($0.sessions, $1.name) < ($1.sessions, $0.name) }
        let chosen = victim == .front ? busiest ?? candidates[0] : candidates[count % candidates.count]
        let channels = Set(before.channels.filter { $0.back == chosen.name }.map(\.id))
        let before = (status: before, resumes: await stage.work().resumes.count)
        guard kill(chosen.pid, SIGKILL) == 0 else { throw RigFailure("\(chosen.name) has gone by itself") }
        let since = Wait.nowNanoseconds
        if victim == .back { await stage.backLost(channels) }
        let isNew = await Wait.until(Stage.recoveryMilliseconds) {
            let now = Ask.status(stage.cluster.port)?.processes.first { $0.name == chosen.name }
            return now.map { $0.pid != chosen.pid && $0.state == "running" } ?? false
        }
        try Interrupt.check()
        guard isNew else {
            throw RigFailure("\(chosen.name) is not started again; the log ends with:\n\(stage.cluster.lastOfLog)")
        }
        let back = Double(Wait.nowNanoseconds - since) / 1e6
        figures["slowest restart ms"] = max(figures["slowest restart ms"] ?? 0, back)
        _ = try await stage.awaitReady()
        let resumes = await stage.work().resumes
        let felt = resumes.count - before.resumes
        if felt > 0 { figures["kills felt", default: 0] += 1 }
        try await checkProcesses(before.status, except: chosen.name)
        return "\(chosen.name) killed, back after \(Int(back)) ms; \(felt) resumed, the slowest of all so far after "
            + "\(Int(resumes.max() ?? 0)) ms"
    }

    private mutating func killHub(_ before: HubStatus) async throws -> String {
        let port = stage.cluster.port
        await stage.cluster.killHub()
        let absence = 100 + dice.next() % 400
        let end = Wait.nowNanoseconds + absence * 1_000_000
        var probes = 0
        // Newcomers, while there is no hub: the fronts hold the listener.
        while Wait.nowNanoseconds < end {
            probe(port)
            probes += 1
        }
        try stage.cluster.startHubAgain()
        for _ in 0..<20 { probe(port) }
        probes += 20
        figures["newcomers", default: 0] += Double(probes)
        let since = Wait.nowNanoseconds
        _ = try await stage.cluster.awaitRunning(withinMilliseconds: Stage.recoveryMilliseconds)
        try await checkProcesses(before, except: nil)
        let took = Double(Wait.nowNanoseconds - since) / 1e6
        figures["slowest adoption ms"] = max(figures["slowest adoption ms"] ?? 0, took)
        return "the hub was away for \(absence) ms, \(probes) newcomers; all adopted after \(Int(took)) ms"
    }

    private mutating func probe(_ port: UInt16) {
        let answer = Ask.get("/healthz", port)
        if answer?.status != 200 {
            breaches.note(
                .notServed, "kill \(count + 1): \(answer.map { "status \($0.status)" } ?? "no answer, errno \(errno)")")
        }
    }

    /// Every process but the victim is the one that it was, and there are as many as there should be.
    private mutating func checkProcesses(_ before: HubStatus, except: String?) async throws {
        let after = try await stage.cluster.awaitRunning(withinMilliseconds: Stage.recoveryMilliseconds)
        for old in before.processes where old.name != except {
            guard let new = after.processes.first(where: { $0.name == old.name }) else {
                breaches.note(.process, "kill \(count + 1): \(old.name) is gone")
                continue
            }
            if new.pid != old.pid { breaches.note(.process, "kill \(count + 1): \(old.name) is another process") }
        }
        let wanted = stage.cluster.plan.fronts + stage.cluster.plan.backs
        // A process that is just being started names the folder twice for a moment: before and after it became itself.
        let isRight = await Wait.until(2000) { stage.cluster.servants.count == wanted }
        try Interrupt.check()
        if !isRight {
            breaches.note(.process, "kill \(count + 1): \(stage.cluster.servants.count) processes, not \(wanted)")
        }
    }
}
