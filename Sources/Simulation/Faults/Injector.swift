import Core
import State

/// Carries out the faults of a plan, and takes them all back when their time is over.
final class Injector {
    private unowned let world: World
    /// Client streams whose bytes go nowhere, so that nothing else is done to them.
    private var isOver = false

    init(_ world: World) { self.world = world }

    func schedule() {
        for fault in world.plan.faults {
            world.scheduler.after(fault.at) { [weak self] in self?.inject(fault) }
        }
    }

    /// No more faults: everyone wakes, everyone reads, and what was killed comes back.
    func end() {
        isOver = true
        world.areFaultsOn = false
        world.network.conditions = .calm
        for process in world.table.alive { process.wake() }
        for client in world.clients { client.slowDown(nil) }
        restoreWays()
        for ghost in world.ghosts { ghost.crash() }
        world.startHubIfNone()
    }

    private func inject(_ fault: PlannedFault) {
        guard !isOver else { return }
        var dice = Dice(seed: fault.chance)
        guard carryOut(fault.kind, &dice) else { return }
        world.tally.faults[fault.kind, default: 0] += 1
    }

    /// False if there was nobody to do it to.
    private func carryOut(_ kind: FaultKind, _ dice: inout Dice) -> Bool {
        switch kind {
        case .cutClient, .halfOpenClient:
            let streams = world.clients.map { ($0.name, $0.stream) } + world.texts.clients.map { ($0.name, $0.stream) }
            guard let (name, found) = streams.randomElement(using: &dice), let stream = found else { return false }
            return cut(stream, isSilent: kind == .halfOpenClient, name, &dice)
        case .cutTrunk, .halfOpenTrunk:
            let trunks = world.table.fronts.flatMap { front in front.trunks.open.map { (front.name, $0) } }
            guard let (name, stream) = trunks.randomElement(using: &dice) else { return false }
            return cut(stream, isSilent: kind == .halfOpenTrunk, "\(name)'s trunk", &dice)
        case .cutHubLine:
            guard let stream = world.table.hub?.openStreams.randomElement(using: &dice) else { return false }
            return cut(stream, isSilent: false, isLocal: true, "a line to the hub", &dice)
        case .slowReader: return slowReader(&dice)
        case .slowWay: return slowWay(&dice)
        case .crashFront: return crash(world.table.fronts, &dice)
        case .crashBack: return crash(world.table.backs, &dice)
        case .crashHub: return crash(world.table.hub.map { [$0] } ?? [], &dice)
        case .crashMidway:
            let nodes = world.table.nodes
            guard let process = nodes.randomElement(using: &dice) else { return false }
            let count = dice.below(40)
            world.trace { "fault: \(process.name) dies after \(count) more directives" }
            process.crash(afterDirectives: count)
            return true
        case .stall:
            let nodes = world.table.nodes
            return stall(nodes, &dice)
        case .stallClient: return stall(world.clients + world.texts.clients, &dice)
        case .clockJump:
            guard let process = world.table.alive.randomElement(using: &dice) else { return false }
            let jump = Duration.milliseconds(dice.below(dice.chance(1, in: 4) ? 20_000 : 3000))
            world.trace { "fault: the clock of \(process.name) goes ahead by \(jump)" }
            process.jumpClock(jump)
            return true
        case .wallStep:
            world.stepWallClock(dice.chance(1, in: 2) ? 3600 : -3600)
            return true
        case .ghostBack: return makeGhost(&dice)
        case .drainFront: return drain(&dice)
        case .takeOver:
            world.trace { "a second hub is started" }
            return world.replaceHub()
        }
    }

    /// - Parameter isLocal: between processes of one machine, where both sides learn of it.
    private func cut(
        _ stream: SimulatedStream, isSilent: Bool, isLocal: Bool = false, _ whose: String, _ dice: inout Dice
    ) -> Bool {
        guard stream.isStanding, let up = stream.outgoing, let down = stream.incoming else { return false }
        let now = world.scheduler.now
        let told = { (dice: inout Dice) -> Instant? in
            isSilent ? nil : now + .milliseconds(dice.below(dice.chance(1, in: 3) ? 3000 : 20))
        }
        // One side may go on for long without knowing.
        let oneSided = !isSilent && !isLocal && dice.chance(1, in: 4)
        let upTold = oneSided ? nil : told(&dice)
        let downTold = told(&dice)
        world.trace {
            "fault: \(whose) \(isSilent ? "goes dead" : oneSided ? "breaks, which one side does not see" : "breaks")"
        }
        up.cut(keeping: dice.below(up.pendingByteCount + 1), told: upTold)
        down.cut(keeping: dice.below(down.pendingByteCount + 1), told: downTold)
        stream.scheduleRead(down)
        stream.peer?.scheduleRead(up)
        return true
    }

    private func slowReader(_ dice: inout Dice) -> Bool {
        guard let client = world.clients.randomElement(using: &dice) else { return false }
        let slowness = (byteCount: 1 + dice.below(400), rest: Duration.milliseconds(20 + dice.below(2000)))
        world.trace { "fault: \(client.name) reads \(slowness.byteCount) bytes in \(slowness.rest)" }
        client.slowDown(slowness)
        world.scheduler.after(.milliseconds(500 + dice.below(8000))) { [weak client] in client?.slowDown(nil) }
        return true
    }

    /// The way of one connection becomes long for a while.
    private func slowWay(_ dice: inout Dice) -> Bool {
        var streams = world.clients.compactMap(\.stream)
        for front in world.table.fronts { streams += front.trunks.open }
        guard let stream = streams.randomElement(using: &dice), let up = stream.outgoing, let down = stream.incoming
        else { return false }
        let latency = Duration.milliseconds(50 + dice.below(2500))
        let before = (up.latency, down.latency)
        world.trace { "fault: a way takes \(latency)" }
        if dice.chance(2, in: 3) { up.latency = latency }
        if dice.chance(2, in: 3) { down.latency = latency }
        world.scheduler.after(.milliseconds(500 + dice.below(6000))) { [weak self] in
            guard self?.isOver == false else { return }
            (up.latency, down.latency) = before
        }
        return true
    }

    /// Every connection is quick from now on, those too that were being made when the faults ended.
    func restoreWays() {
        for client in world.clients { client.stream.map { restoreWay(of: $0) } }
        for text in world.texts.clients { text.stream.map { restoreWay(of: $0) } }
        for front in world.table.fronts { for stream in front.trunks.open { restoreWay(of: stream) } }
    }

    private func restoreWay(of stream: SimulatedStream) {
        stream.outgoing?.latency = .milliseconds(1)
        stream.incoming?.latency = .milliseconds(1)
    }

    private func crash(_ processes: [SimulatedProcess], _ dice: inout Dice) -> Bool {
        guard let process = processes.randomElement(using: &dice) else { return false }
        world.trace { "fault: \(process.name) is killed" }
        process.crash()
        return true
    }

    private func stall(_ processes: [SimulatedProcess], _ dice: inout Dice) -> Bool {
        guard let process = processes.randomElement(using: &dice) else { return false }
        let time = Duration.milliseconds(dice.below(dice.chance(1, in: 5) ? 9000 : 1500))
        world.trace { "fault: \(process.name) stalls for \(time)" }
        process.stall(time)
        return true
    }

    /// Somebody drains a front: it is started again at once, or when he thinks of it.
    private func drain(_ dice: inout Dice) -> Bool {
        guard let hub = world.table.hub, !hub.isStalled, let front = world.table.fronts.randomElement(using: &dice)
        else { return false }
        let stays = dice.chance(1, in: 2)
        let deadline = Duration.milliseconds(200 + dice.below(10_000))
        guard hub.drain(front.name, within: deadline, then: stays ? .restart : .leave) else { return false }
        world.trace { "\(front.name) is to be drained within \(deadline)" }
        if !stays {
            let name = front.name
            world.scheduler.after(.milliseconds(1000 + dice.below(8000))) { [weak world] in world?.startAgain(name) }
        }
        return true
    }

    /// The hub is told that a back is gone which is not: what no lock and no pidfd allows, and the receivers must bear.
    private func makeGhost(_ dice: inout Dice) -> Bool {
        let backs = world.table.backs.filter { !world.isGhost($0) }
        guard world.ghosts.isEmpty, world.table.hub != nil, let back = backs.randomElement(using: &dice) else {
            return false
        }
        world.trace { "fault: \(back.name) of epoch \(back.epoch) counts as gone and lives" }
        world.makeGhost(back)
        // One that was paused, for whatever reason, and goes on when another has long taken its place.
        if dice.chance(1, in: 3) { back.stall(.milliseconds(dice.below(5000))) }
        world.scheduler.after(.milliseconds(1000 + dice.below(8000))) { [weak back] in back?.crash() }
        return true
    }
}
