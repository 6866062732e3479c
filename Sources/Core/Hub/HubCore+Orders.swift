/// What operators and the end of the hub want of the processes.
extension HubCore {
    /// End everything in order: fronts first, so that clients hear of it, then backs. A second call changes nothing.
    package mutating func stop(now: Instant) {
        guard phase == .serving else { return }
        phase = .stoppingFronts
        // What is only waiting to be started is over at once, whichever its turn.
        for place in processes.indices where processes[place].state.life == nil {
            directives += processes[place].stop(now: now)
        }
        endAll(.front, now: now)
        endAll(.worker, now: now)
        proceed(now: now)
        settle()
    }

    /// Move a front's clients to the others within `deadline`, then end it.
    ///
    /// - Parameter then: whether it is started again.
    /// - Throws: why it cannot be, in words for the operator.
    package mutating func drain(
        _ name: String, within deadline: Duration, then: DrainOrder.Then, now: Instant
    ) throws(Farewell) {
        guard phase == .serving else { throw Farewell(.goingAway, "the hub is stopping everything") }
        guard let place = place(of: name) else { throw Farewell(.refused, "there is no process '\(name)' of this hub") }
        guard processes[place].spec.role == .front else {
            throw Farewell(
                .refused,
                "\(name) is a \(processes[place].spec.role.rawValue). Only fronts can be drained: a back's channels have nowhere to go"
            )
        }
        let others = processes.contains { other in
            guard other.spec.role == .front, other.spec.name != name, case .running = other.state else { return false }
            return true
        }
        guard others || then == .restart else {
            throw Farewell(
                .refused,
                "\(name) is the only front that runs: its clients have nowhere to go. --restart brings it back")
        }
        guard let begun = processes[place].drain(within: deadline, then: then, now: now) else {
            throw Farewell(.refused, "\(name) is \(processes[place].state.word), not running")
        }
        directives += begun
        settle()
    }

    /// Start a process again that was drained.
    package mutating func start(_ name: String, now: Instant) throws(Farewell) {
        guard phase == .serving else { throw Farewell(.goingAway, "the hub is stopping everything") }
        guard let place = place(of: name) else { throw Farewell(.refused, "there is no process '\(name)' of this hub") }
        guard processes[place].startAgain(now: now) else {
            throw Farewell(.refused, "\(name) is \(processes[place].state.word), not stopped")
        }
        timePassed(now: now)
    }

    /// One process as the status shows it; nil if there is none of that name.
    package func process(_ name: String, now: Instant) -> HubStatus.Process? {
        place(of: name).map { processes[$0].status(sessions: reports[name]?.sessions ?? 0, now: now) }
    }

    /// Decide nothing any more: another hub takes over. Answers the processes that it finds.
    package mutating func leave() -> [ProcessRecord] {
        phase = .finished
        directives = []
        return processTable
    }

    /// End everything at once.
    package mutating func kill(now: Instant) {
        guard phase != .finished else { return }
        phase = .stoppingBacks
        for place in processes.indices { directives += processes[place].kill(now: now) }
        proceed(now: now)
        settle()
    }
}
