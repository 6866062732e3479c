/// One connection of a client, from the moment its socket stands. A reference, as its conduit is.
final class ClientConnection {
    let number: TryNumber
    let conduit: ClientConduit
    /// When the try began: the handshake's time counts from here.
    let since: Instant
    var hasSaidHello = false
    var welcomedAt: Instant?
    var heardAt: Instant
    private(set) var pingedAt: Instant?

    init(number: TryNumber, conduit: ClientConduit, since: Instant, now: Instant) {
        self.number = number
        self.conduit = conduit
        self.since = since
        heardAt = now
    }

    /// What the clock asks for.
    enum PingAction {
        case nothing
        case ask
        case giveUp
    }

    func pingDeadline(_ period: Duration) -> Instant {
        isPingOpen ? pingedAt! + Limits.pongWait : heardAt + period
    }

    func pingDue(_ period: Duration, now: Instant) -> PingAction {
        guard now >= pingDeadline(period) else { return .nothing }
        guard isPingOpen else {
            pingedAt = now
            return .ask
        }
        return .giveUp
    }

    /// Anything that comes is an answer.
    private var isPingOpen: Bool { pingedAt.map { $0 >= heardAt } ?? false }
}
