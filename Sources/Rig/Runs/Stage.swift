import Core
import Loop

/// A cluster and the crowds on it: what the runs have in common.
final class Stage {
    static let clientsPerCrowd = 500
    static let clientsPerChannel = 20
    /// How long everybody may take to come back after a loss. A hang shows as this.
    static let recoveryMilliseconds: UInt64 = 30_000

    let cluster: RigCluster
    let crowds: [Confined<Crowd>]
    let channels: [String]
    let clientCount: Int
    private let progress: Progress
    private(set) var playedNanoseconds: UInt64 = 0
    private var playingSince: UInt64?

    /// Starts the cluster and the clients, and waits until each may write and holds a state.
    init(
        _ options: RigOptions, clients: Int, rate: Double, channels: Int? = nil, _ promise: RigClient.Promise,
        wholeEvery: UInt64 = 4, _ progress: Progress
    ) async throws {
        self.progress = progress
        progress.say("starting \(options.fronts) fronts and \(options.backs) backs")
        if let problem = DescriptorLimit.raise(to: clients * 2 + 512) { throw RigFailure(problem) }
        let cluster = try await RigCluster(RigCluster.Plan(fronts: options.fronts, backs: options.backs))
        self.cluster = cluster
        let count = channels ?? max(1, (clients + Self.clientsPerChannel - 1) / Self.clientsPerChannel)
        self.channels = (1...count).map { "ledger/\($0)" }
        clientCount = clients
        let plan = Crowd.Plan(
            port: cluster.port, channels: self.channels, rate: rate, seed: options.seed, promise: promise,
            wholeEvery: wholeEvery)
        var crowds: [Confined<Crowd>] = []
        for first in stride(from: 0, to: clients, by: Self.clientsPerCrowd) {
            crowds.append(try Crowd.start(plan, numbers: first..<min(clients, first + Self.clientsPerCrowd)))
        }
        self.crowds = crowds
        progress.say("\(clients) clients come in")
        do {
            guard try await awaitReady() else {
                throw RigFailure("the clients do not get in; the log ends with:\n\(cluster.lastOfLog)")
            }
        } catch {
            await end()
            throw error
        }
    }

    func play() async {
        playingSince = Wait.nowNanoseconds
        for crowd in crowds { await crowd.call { $0.play() } }
    }

    func pause() async {
        if let since = playingSince { playedNanoseconds += Wait.nowNanoseconds - since }
        playingSince = nil
        for crowd in crowds { await crowd.call { $0.pause() } }
    }

    var playedSeconds: Double {
        Double(playedNanoseconds + (playingSince.map { Wait.nowNanoseconds - $0 } ?? 0)) / 1e9
    }

    func work() async -> Work {
        var sum = Work()
        for crowd in crowds { sum.add(await crowd.call { $0.report() }) }
        return sum
    }

    /// Waits until everybody may write and holds a state of now. False if it takes too long.
    func awaitReady(withinMilliseconds bound: UInt64 = recoveryMilliseconds) async throws -> Bool {
        let isReady = await Wait.until(bound) { await self.standing().waiting == 0 }
        try Interrupt.check()
        return isReady
    }

    /// What happened to the first client who does not play.
    func excuse() async -> String {
        for crowd in crowds {
            let excuse = await crowd.call { $0.excuse }
            if !excuse.isEmpty { return "\(await standing().waiting) do not; the first: \(excuse)" }
        }
        return ""
    }

    func backLost(_ channels: Set<String>) async {
        for crowd in crowds { await crowd.call { $0.backLost(channels) } }
    }

    private func standing() async -> (waiting: Int, open: Int) {
        var sum = (waiting: 0, open: 0)
        for crowd in crowds {
            let one = await crowd.call { $0.standing }
            sum = (sum.waiting + one.waiting, sum.open + one.open)
        }
        return sum
    }

    /// Lets every input find its outcome, and compares what each client holds with the back's own bytes. Answers the clients'
    /// last word, and how many of them were compared: none when the run is interrupted.
    func lastWord() async -> (work: Work, compared: Int) {
        var compared = 0
        do { compared = try await finish() } catch { progress.say("\(error)") }
        return (await work(), compared)
    }

    private func finish() async throws -> Int {
        await pause()
        progress.say("waiting for the last outcomes")
        _ = try await awaitReady()
        _ = await Wait.until(Self.recoveryMilliseconds) { await self.standing().open == 0 }
        for crowd in crowds { await crowd.call { $0.finish() } }
        let status = try await cluster.awaitRunning(withinMilliseconds: Self.recoveryMilliseconds)
        var compared = 0
        for channel in channels {
            try Interrupt.check()
            guard let back = status.channels.first(where: { $0.id == channel })?.back else { continue }
            compared += await compare(channel, back)
        }
        return compared
    }

    private func compare(_ channel: String, _ back: String) async -> Int {
        let folder = cluster.runtimeFolder
        _ = Ask.control(folder, back, "rate \(channel) 0")
        guard let answer = Ask.control(folder, back, "state \(channel)") else { return 0 }
        let words = answer.split(separator: " ")
        guard words.count == 2, let version = UInt64(words[0]), let bytes = Hex.bytes(words[1]) else { return 0 }
        // What is under way arrives; a client that stays behind is found by the comparison.
        _ = await Wait.until(5000) {
            for crowd in crowds where await !crowd.call({ $0.holds(channel, version) }) { return false }
            return true
        }
        var compared = 0
        for crowd in crowds { compared += await crowd.call { $0.compare(channel, version: version, bytes: bytes) } }
        return compared
    }

    /// Ends the clients and the cluster.
    func end() async {
        progress.say("cleaning up")
        for crowd in crowds { await crowd.call { $0.end() } }
        await cluster.end()
        progress.end()
    }
}
