import Core
import Glibc
import Loop

/// One reader that takes 1 KiB a second of a stream of 100 KiB a second, beside others who take all of it.
struct SlowRun {
    static let streamBytesPerSecond = 100 << 10
    static let readerBytesPerSecond = 1 << 10
    /// What the front may hold for it beside one keyframe.
    static let memoryBytes = 256 << 10
    private static let channel = "stream/\(streamBytesPerSecond)"
    private static let lookMilliseconds: UInt64 = 250
    /// Before that a front's memory still grows with its history.
    private static let steadySeconds = 15.0

    let options: RigOptions
    let progress: Progress
    private var clients: Int { options.clients ?? 200 }
    private var seconds: Double { options.seconds ?? 60 }
    /// The windows without the reader, before and after.
    private var windowSeconds: Double { min(20, max(1, seconds / 3)) }

    /// What was counted in one window, each tick.
    private struct Window {
        var counts = KernelCounts()
        var ticks = 0.0
        var residentKiB = 0
        var systemCalls: Double? { counts.systemCalls.map { $0 / ticks } }
        var instructions: Double? { counts.instructions.map { $0 / ticks } }
        var cpuMicroseconds: Double { counts.cpuNanoseconds / ticks / 1000 }
    }

    func run(_ report: inout RunReport) async throws {
        var one = options
        (one.fronts, one.backs) = (1, 1)
        progress.say("starting a front and a back")
        let cluster = try await RigCluster(RigCluster.Plan(fronts: 1, backs: 1))
        let crowd: Confined<StreamCrowd>
        do {
            crowd = try StreamCrowd.start(cluster.port, Self.channel, count: clients, seed: options.seed)
        } catch {
            await cluster.end()
            throw error
        }
        do {
            try await measure(cluster, crowd, &report)
        } catch is Interrupt.Asked {
            report.isInterrupted = true
        } catch {
            await crowd.call { $0.end() }
            await cluster.end()
            throw error
        }
        progress.say("cleaning up")
        await crowd.call { $0.end() }
        await cluster.end()
        progress.end()
    }

    private func measure(_ cluster: RigCluster, _ crowd: Confined<StreamCrowd>, _ report: inout RunReport) async throws
    {
        let status = try await cluster.awaitRunning(withinMilliseconds: Stage.recoveryMilliseconds)
        guard let front = status.processes.first(where: { $0.role == "front" })?.pid else {
            throw RigFailure("no front")
        }
        let areIn = await Wait.until(Stage.recoveryMilliseconds) { await crowd.call { $0.readyCount } == clients }
        try Interrupt.check()
        guard areIn else { throw RigFailure("not all readers get in; the log ends with:\n\(cluster.lastOfLog)") }
        progress.say("\(clients) readers alone")
        // Histories fill, so that memory is what it stays.
        await Wait.pass(UInt64(min(Self.steadySeconds, seconds) * 1000))
        let before = try await window(cluster, front, crowd, windowSeconds, nil)
        progress.say("and one that takes 1 KiB/s")
        let reader = try SlowReader(
            cluster.port, Self.channel, bytesPerSecond: Self.readerBytesPerSecond, seed: options.seed &+ 99)
        defer { reader.stop() }
        var most = Most()
        let during = try await window(cluster, front, crowd, seconds, { most.look(cluster.port, front, reader.seen) })
        let seen = reader.seen
        reader.stop()
        await Wait.pass(500)
        progress.say("\(clients) readers alone again")
        let after = try await window(cluster, front, crowd, windowSeconds, nil)
        report.work = await crowd.call { $0.report() }
        report.work.breaches.add(seen.breaches)
        judge(&report, before, during, after, seen, most)
    }

    private func window(
        _ cluster: RigCluster, _ front: pid_t, _ crowd: Confined<StreamCrowd>, _ seconds: Double, _ look: (() -> Void)?
    ) async throws -> Window {
        var window = Window()
        let commits = await crowd.call { $0.report().commits }
        let folder = cluster.runtimeFolder
        let counting = Task { await KernelCounts.count(front, milliseconds: UInt64(seconds * 1000), folder: folder) }
        let end = Wait.nowNanoseconds + UInt64(seconds * 1e9)
        while Wait.nowNanoseconds < end, !Interrupt.isAsked {
            await Wait.pass(min(Self.lookMilliseconds, (end - min(end, Wait.nowNanoseconds)) / 1_000_000 + 1))
            look?()
        }
        window.counts = await counting.value
        try Interrupt.check()
        // Ticks as the readers saw them: each commits each.
        window.ticks = max(1, Double(await crowd.call { $0.report().commits } - commits) / Double(clients))
        window.residentKiB = Processes.residentKiB(front) ?? 0
        return window
    }

    /// The most that the front held.
    private struct Most {
        var waitingBytes = 0.0
        var residentKiB = 0
        var looks = 0
        var lag: Int64 = 0

        mutating func look(_ port: UInt16, _ front: pid_t, _ seen: SlowReader.Sight) {
            looks += 1
            residentKiB = max(residentKiB, Processes.residentKiB(front) ?? 0)
            for (name, value) in Ask.metrics(port) ?? [:] where name.hasPrefix("switchback_client_waiting_bytes{") {
                waitingBytes = max(waitingBytes, value)
            }
        }
    }

    private func judge(
        _ report: inout RunReport, _ before: Window, _ during: Window, _ after: Window, _ seen: SlowReader.Sight,
        _ most: Most
    ) {
        let keyframe = Self.streamBytesPerSecond / Int(RigBack.ticksPerSecond)
        report.asked("ticks with the slow reader", seconds * RigBack.ticksPerSecond, done: during.ticks)
        report.asked("bytes taken slowly", seconds * Double(Self.readerBytesPerSecond), done: Double(seen.bytes))
        report.asked(
            "states it held", seconds * Double(Self.readerBytesPerSecond) / Double(keyframe) / 2,
            done: Double(seen.commits))
        report.figures["slow reader's commits"] = Double(seen.commits)
        report.figures["slow reader's bytes"] = Double(seen.bytes)
        report.figures["waiting for it at the front, bytes at most"] = most.waitingBytes
        report.figures["front KiB without it"] = Double(before.residentKiB)
        report.figures["front KiB with it, at most"] = Double(most.residentKiB)
        report.figures["CPU us a tick without it"] = (before.cpuMicroseconds + after.cpuMicroseconds) / 2
        report.figures["CPU us a tick with it"] = during.cpuMicroseconds
        report.promise(
            "the slow reader is not disconnected",
            seen.connections == 1 && report.work.breaches[.cut] == 0 && report.work.breaches[.thrownOut] == 0,
            "\(seen.connections) connection, \(seen.bytes) bytes taken")
        report.promiseNoBreaches([.silentGap, .backwards, .disagreement, .notServed], "wrong states")
        report.promise(
            "what waits for it is under 256 KiB and a keyframe",
            most.waitingBytes < Double(Self.memoryBytes + keyframe),
            "\(RunReport.short(most.waitingBytes)) bytes at most")
        if seconds >= Self.steadySeconds {
            let grown = most.residentKiB - before.residentKiB
            report.promise(
                "the front's memory grows by less than 256 KiB and a keyframe",
                grown * 1024 < Self.memoryBytes + keyframe,
                "\(grown) KiB")
        }
        same(&report, "system calls a tick", before.systemCalls, during.systemCalls, after.systemCalls)
        same(&report, "instructions a tick", before.instructions, during.instructions, after.instructions)
    }

    /// The slow reader's own share is one of all readers': that and the tolerance.
    private func same(_ report: inout RunReport, _ name: String, _ before: Double?, _ during: Double?, _ after: Double?)
    {
        guard let before, let during, let after else { return }
        let without = (before + after) / 2
        report.figures["\(name) without it"] = without
        report.figures["\(name) with it"] = during
        let percent = (during / without - 1) * 100
        report.promise(
            "\(name) within \(RunReport.short(options.tolerance)) % of those without it",
            abs(percent) <= options.tolerance,
            "\(RunReport.short(percent)) %")
    }
}
