import State

/// Other nodes that ask for jobs over HTTP.
extension FrontCore {
    private var unixSeconds: UInt64 { settings.unixSecondsAtZero + now.nanoseconds / 1_000_000_000 }

    /// A request for the nodes' path came. False: it is not one of a node, and its connection is being closed.
    mutating func letsIn(_ head: HTTPRequestHead, _ connection: FrontConnection) -> Bool {
        guard !gate.knocked(head, unixSeconds: unixSeconds) else { return true }
        hangUp(connection)
        return false
    }

    /// The job that a node asks for with the request that `.http` named; nil if it was answered or is being closed. Otherwise the
    /// shell calls `answer` when the queue has said what becomes of it.
    package mutating func nodeJob(_ id: ConnectionID, _ head: HTTPRequestHead, now: Instant) -> JobRequest? {
        self.now = now
        let body = takeBody(of: id)
        guard let connection = connections[id] else { return nil }
        switch gate.asked(head, body: body, unixSeconds: unixSeconds, now: now) {
        case .hangUp: hangUp(connection)
        case .answer(let response): answer(id, response, now: now)
        case .submit(let request): return request
        }
        return nil
    }

    /// Closes without a word.
    mutating func hangUp(_ connection: FrontConnection) {
        releaseBody(connection)
        end(connection)
    }
}
