import State

/// Trunks that have gone dead without a word: fronts that are quiet are asked, and those that do not answer are given up, so that
/// their sessions count as away.
extension BackCore {
    mutating func armSweep(now: Instant) {
        if sweepAt == nil { sweepAt = now + Limits.sweepPeriod }
    }

    mutating func sweepTrunks(now: Instant) {
        guard let due = sweepAt, due <= now else { return }
        sweepAt = trunks.isEmpty ? nil : now + Limits.sweepPeriod
        let wasAsleep = now.since(due) >= Limits.asleep
        for id in trunks.keys.sorted() {
            guard let trunk = trunks[id], trunk.isOpen else { continue }
            if let farewell = sweep(trunk, wasAsleep: wasAsleep, now: now) { end(id, farewell, now: now) }
        }
    }

    /// Answers why the trunk is to be given up; nil if it is not.
    private mutating func sweep(_ trunk: BackTrunk, wasAsleep: Bool, now: Instant) -> Farewell? {
        let taken = outputs.takenByteCount(trunk.id)
        if taken != trunk.takenByteCount || wasAsleep {
            trunk.takenByteCount = taken
            trunk.progressAt = now
        }
        // A question stands behind what the front has not taken yet; it is not late with an answer then.
        guard outputs.unsentByteCount(trunk.id) == 0 else {
            trunk.pingedAt = nil
            let isStuck = now.since(max(trunk.progressAt, trunk.heardAt)) >= Limits.slowClient
            return isStuck ? Farewell(.slow, "no byte taken for 120 s") : nil
        }
        guard let pingedAt = trunk.pingedAt else {
            guard now.since(trunk.heardAt) >= Limits.pingPeriod else { return nil }
            outputs.append(to: trunk.id) { writer in writer.frame(.ping) { $0.u64(now.nanoseconds) } }
            trunk.pingedAt = now
            return nil
        }
        // Answers may wait in our own kernel if it was us who slept.
        guard !wasAsleep else {
            trunk.pingedAt = now
            return nil
        }
        return now.since(pingedAt) >= Limits.pongWait ? Farewell(.timedOut, "no answer to a ping within 10 s") : nil
    }

    /// A front has proved itself. An older trunk of the same process is one that it has given up.
    mutating func replaceTrunks(of incarnation: Incarnation, by id: TrunkID, now: Instant) {
        for other in trunks.keys.sorted() where other != id {
            guard case .open(_, incarnation)? = trunks[other]?.phase else { continue }
            end(other, Farewell(.superseded, "this front has a newer trunk"), now: now)
        }
    }
}
