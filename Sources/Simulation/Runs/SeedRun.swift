import Core
import State

/// One world from its beginning to its end: a phase with faults, then one without, in which everything has to become right.
package struct SeedRun {
    /// What came of it.
    package struct Outcome: Sendable {
        package let plan: Plan
        package let tally: Tally
        /// The first promise that did not hold.
        package let violation: Violation?
        package let trace: [String]
    }

    /// Within this time after the last fault everything is right. Half-open connections are found after 30 s, and a client
    /// that has tried for long waits 10 s for its next try.
    static let recovery: Duration = .seconds(90)

    private let plan: Plan
    private let world: World
    private let trace: Trace?
    private var actors: [Actor] = []

    /// - Parameters:
    ///   - trace: keeps the last events in words.
    ///   - tap: a planted defect.
    ///   - begun: given the world before anything happens in it.
    package static func run(
        _ plan: Plan, trace: Trace? = nil, tap: (any Tap)? = nil, begun: ((World) -> Void)? = nil
    ) -> Outcome {
        let world: World
        do throws(FamilyPattern.Invalid) {
            world = try World(plan, trace: trace, tap: tap)
        } catch {
            preconditionFailure("the family of simulated channels is no pattern: \(error)")
        }
        begun?(world)
        var run = SeedRun(plan: plan, world: world, trace: trace)
        run.go()
        defer { world.release() }
        return Outcome(
            plan: plan, tally: run.finishedTally(), violation: world.violations.first, trace: trace?.last ?? [])
    }

    private init(plan: Plan, world: World, trace: Trace?) {
        self.plan = plan
        self.world = world
        self.trace = trace
    }

    private mutating func go() {
        let injector = Injector(world)
        begin()
        injector.schedule()
        world.pass(plan.safety)
        injector.end()
        for actor in actors { actor.quiet() }
        for text in world.texts.clients { text.quiet() }
        guard becomesRight(within: Self.recovery) else { return }
        // A dead connection that nobody uses is found by pings; whoever is timed must not sit on one.
        world.pass(.seconds(45))
        guard becomesRight(within: Self.recovery) else { return }
        injector.restoreWays()
        // What is under way on the long ways comes first, and nothing overtakes it.
        world.pass(.seconds(3))
        measurePace()
        for actor in actors { actor.speak(2) }
        for text in world.texts.clients { text.speak(2) }
        guard becomesRight(within: Self.recovery) else { return }
        world.inputs.checkAllEnded()
    }

    private mutating func begin() {
        world.keepHub()
        for number in 0..<plan.strangerCount { world.addStranger(number) }
        for _ in 0..<plan.textCount { world.addTextClient() }
        var dice = Dice(seed: plan.seed &+ 99)
        for number in 0..<plan.clientCount {
            let transport: ClientTransport =
                dice.below(10) < plan.plainTenths ? .plain : .webSocket(host: "here", path: "/connect")
            let policy: UndecidedPolicy = dice.below(10) < plan.reportTenths ? .report : .resend
            let actor = Actor(world.addClient(transport: transport, policy: policy), world, seed: dice.next())
            actors.append(actor)
            let wait = Duration.milliseconds(dice.below(number < 3 ? 300 : 1500))
            world.scheduler.after(wait) { actor.begin() }
        }
    }

    /// One client does not read and one front does not run; nobody else may notice.
    private func measurePace() {
        guard world.clients.count > 1, world.clients.count < 40 else { return }
        let slow = world.clients[Int(plan.seed % UInt64(world.clients.count))]
        let fronts = world.table.fronts
        let stalled = fronts.count > 1 ? fronts[Int(plan.seed % UInt64(fronts.count))] : nil
        slow.slowDown((byteCount: 1, rest: .seconds(3)))
        stalled?.stall(.seconds(2))
        world.pace.begin(slow: slow, stalled: stalled)
        for _ in 0..<8 where world.violations.isEmpty {
            for actor in actors { actor.speak(1) }
            world.pass(.milliseconds(250))
        }
        world.pace.end()
        slow.slowDown(nil)
    }

    /// Lets time pass until all is right; what is not by then is a broken promise.
    private func becomesRight(within limit: Duration) -> Bool {
        let end = world.scheduler.now + limit
        while world.violations.isEmpty {
            world.pass(.milliseconds(200))
            guard let wrong = firstWrong() else { return true }
            guard world.scheduler.now < end else {
                world.fail(.liveness, "\(limit / .seconds(1)) s after the last fault \(wrong)")
                return false
            }
        }
        return false
    }

    /// What is not right yet; nil if everything is.
    private func firstWrong() -> String? {
        for client in world.clients {
            guard client.core.isConnected else { return "\(client.name) is not connected" }
            for room in client.core.rooms where !room.isAttached {
                return "\(client.name) is not attached to \(room.channel)"
            }
        }
        var states: [String: (version: Version, bytes: [UInt8])] = [:]
        for channel in plan.channels { states[channel] = world.state(of: channel).map { ($0.0, $0.1) } }
        for client in world.clients {
            for room in client.core.rooms {
                guard let (version, bytes) = states[room.channel] else { return "nobody has \(room.channel)" }
                // Nobody is told of a version that changed only what he may not see.
                guard room.version <= version, room.mirror.encoded() == bytes else {
                    return "\(client.name) holds version \(room.version) of \(room.channel), its back \(version)"
                }
                if let audience = world.wrongAudience(client, room) {
                    return "\(client.name) holds audience \(audience) of \(room.channel) otherwise than its back"
                }
            }
            if let wrong = open(client.ledger) { return wrong }
        }
        for text in world.texts.clients {
            guard text.isWelcomed, text.isReading else { return "\(text.name) is not connected" }
            for room in text.rooms where !world.isWhole(room, text) {
                return "\(text.name) holds other rows of \(room.channel) than its back"
            }
            if let wrong = open(text.ledger) { return wrong }
        }
        return nil
    }

    private func open(_ ledger: InputLedger) -> String? {
        let open = ledger.openWishes
        return open.isEmpty
            ? nil : "\(open.count) inputs of client-\(ledger.client) to \(open[0].channel) have not ended"
    }

    private func finishedTally() -> Tally {
        var tally = world.tally
        tally.seeds = 1
        tally.simulatedSeconds = world.seconds
        tally.events = world.scheduler.eventCount
        tally.inputsSent = world.inputs.sentCount
        return tally
    }
}
