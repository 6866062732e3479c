extension JobQueue {
    /// Takes the entries and the dead letter of an address out. A run is revoked; what the entries took in comes back.
    package mutating func drop(_ address: JobAddress, now: Instant) -> JobCommandAnswer {
        var answer = JobCommandAnswer.unknown
        if let letter = deadLetters.firstIndex(where: { $0.record.address == address }) {
            deadLetters.remove(at: letter)
            store(.unbury(address))
            answer = .changed
        }
        guard let place = place(of: address) else { return answer }
        if let id = slots[place]?.waiting {
            stopWaiting(id)
            remove(id, now: now)
            answer = .changed
        }
        if let id = slots[place]?.running, let entry = entries[id] {
            if case .running(let run) = entry.state, let worker = workers.first(where: { $0.name == run.worker }) {
                directives.append(.revoke(worker.id, run.token))
            }
            slots[place]?.running = nil
            liveCount -= 1
            remove(id, now: now)
            answer = .changed
        }
        dispatch(now: now)
        return answer
    }

    /// A dead letter is tried again from the first attempt; what rests after a failed run is ready at once.
    package mutating func retry(_ address: JobAddress, now: Instant) -> JobCommandAnswer {
        if let id = place(of: address).flatMap({ slots[$0]?.waiting }), case .resting = entries[id]?.state {
            makeReady(id)
            dispatch(now: now)
            return .changed
        }
        guard let index = deadLetters.firstIndex(where: { $0.record.address == address }) else { return .unknown }
        let record = deadLetters[index].record
        let request = JobRequest(
            address, payload: record.payload, deadlineClass: record.deadlineClass, minimums: record.minimums)
        switch submit(request, now: now).answer {
        case .rejected: return .unknown
        case .queued, .merged:
            deadLetters.removeAll { $0.record.address == address }
            store(.unbury(address))
            return .changed
        }
    }

    private mutating func remove(_ id: JobID, now: Instant) {
        guard let entry = entries[id] else { return }
        counters.dropped += 1
        let children = entry.absorbed
        entries[id]?.absorbed = []
        forget(id)
        bringBack(children, now: now)
        finish(entry.place, JobToken(rawValue: numbering.next()), .dropped)
    }
}
