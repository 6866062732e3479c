import ChannelClient
import Core
import Loop
import State

/// Many clients on one loop's thread, who send at a steady rate.
final class Crowd {
    /// What the clients of a run are like.
    struct Plan: Sendable {
        var port: UInt16 = 0
        var channels: [String] = []
        /// Inputs a second of each client.
        var rate = 20.0
        var seed: UInt64 = 1
        var promise = RigClient.Promise()
        var wholeEvery: UInt64 = 4
        /// Bytes of an input beside its serial number: up to so many.
        var paddingLimit = 32
    }

    private static let turnMilliseconds: UInt64 = 5
    /// Clients that begin to connect in one turn.
    private static let connectsPerTurn = 8

    private let plan: Plan
    private let loop: EventLoop
    private let group: ClientGroup
    private var clients: [RigClient] = []
    private var startedCount = 0
    private var timer: Timer?
    private var dice: Dice
    /// Since when inputs are due, and how many were offered since.
    private var pace: (since: UInt64, offered: UInt64)?
    private var nextSender = 0
    private var complaints = Breaches()

    private init(_ loop: EventLoop, _ plan: Plan, numbers: Range<Int>) throws(LoopError) {
        self.plan = plan
        self.loop = loop
        group = ClientGroup(on: loop)
        dice = Dice(seed: plan.seed &+ UInt64(numbers.lowerBound))
        guard let address = SocketAddress("127.0.0.1:\(plan.port)") else { throw LoopError("address", code: -22) }
        for number in numbers {
            let transport: ClientTransport =
                number.isMultiple(of: 2) ? .plain : .webSocket(host: "127.0.0.1:\(plan.port)", path: "/connect")
            clients.append(
                RigClient(
                    in: group, address, transport, channel: plan.channels[number % plan.channels.count],
                    seed: dice.next(), plan.promise, wholeEvery: plan.wholeEvery))
        }
        timer = try Timer(on: loop) { [unowned self] in turn() }
        timer?.arm(afterMilliseconds: 1)
    }

    /// Starts a thread with the clients of these numbers.
    static func start(_ plan: Plan, numbers: Range<Int>) throws(LoopError) -> Confined<Crowd> {
        let loop = try EventLoop()
        let crowd = try Crowd(loop, plan, numbers: numbers)
        let confined = Confined(crowd, loop.mailbox)
        _ = try LoopThread { confined.value.loop.run() }
        return confined
    }

    /// From now on inputs are due.
    func play() { pace = (loop.nowNanoseconds, 0) }

    /// No more inputs.
    func pause() { pace = nil }

    func backLost(_ channels: Set<String>) {
        let now = loop.nowNanoseconds
        for client in clients where channels.contains(client.channel) { client.backLost(at: now) }
    }

    func report() -> Work {
        var sum = Work()
        for client in clients { sum.add(client.report()) }
        sum.breaches.add(complaints)
        return sum
    }

    /// Whether each is ready, and how many inputs have no outcome yet.
    var standing: (waiting: Int, open: Int) {
        clients.reduce(into: (0, 0)) { sum, client in
            sum.0 += client.isReady ? 0 : 1
            sum.1 += client.openCount
        }
    }

    /// What happened to the first who does not play; empty if all do.
    var excuse: String { clients.lazy.compactMap(\.excuse).first ?? "" }

    /// Whether all readers of a channel hold this version.
    func holds(_ channel: String, _ version: UInt64) -> Bool {
        clients.allSatisfy { $0.channel != channel || $0.shell.core.room(channel)?.version.rawValue == version }
    }

    /// Compares what each reader of a channel holds with the back's own bytes.
    func compare(_ channel: String, version: UInt64, bytes: [UInt8]) -> Int {
        var count = 0
        for client in clients where client.channel == channel {
            count += 1
            guard let held = client.shell.encodedState(of: channel) else {
                complaints.note(.unequal, "\(channel): nothing held")
                continue
            }
            if held.version.rawValue != version || held.bytes != bytes {
                complaints.note(.unequal, "\(channel): version \(held.version.rawValue), the back's is \(version)")
            }
        }
        return count
    }

    /// The last look at each, then goodbye.
    func finish() {
        pause()
        for client in clients { client.settle() }
    }

    func end() {
        timer?.close()
        for client in clients { client.shell.close() }
        loop.stop()
    }

    private func turn() {
        for _ in 0..<Self.connectsPerTurn where startedCount < clients.count {
            if let problem = clients[startedCount].start() { complaints.note(.notServed, problem) }
            startedCount += 1
        }
        if let pace {
            let seconds = Double(loop.nowNanoseconds - pace.since) / 1e9
            let due = UInt64(seconds * plan.rate * Double(clients.count))
            // A rig that was held up does not send all of it at once.
            let count = min(due - min(due, pace.offered), UInt64(clients.count) * 4)
            for _ in 0..<count {
                clients[nextSender].send(padding: Int(dice.next() % UInt64(plan.paddingLimit + 1)))
                nextSender = (nextSender + 1) % clients.count
            }
            self.pace?.offered = due
        }
        timer?.arm(afterMilliseconds: Self.turnMilliseconds)
    }
}
