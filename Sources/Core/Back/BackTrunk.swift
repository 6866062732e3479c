import State

/// One front's trunk, as the back sees it: `opening → open`, or a farewell. A reference, so that a read copies nothing of it.
final class BackTrunk {
    enum Phase {
        case opening(AcceptorHandshake, preface: [UInt8], since: Instant)
        case open(front: String, incarnation: Incarnation)
    }

    let id: TrunkID
    var phase: Phase
    var reader = FrameReader(limit: Limits.handshakeFrameBytes)
    /// The channel of each link.
    var channelOf: [LinkNumber: ChannelID] = [:]
    /// The highest link number so far: they are never used again.
    var highestLink: LinkNumber?

    var heardAt: Instant
    /// When it was asked whether it is there, and has not answered since.
    var pingedAt: Instant?
    /// When it last took some of what waited for it, and how much it had taken by then.
    var progressAt: Instant
    var takenByteCount = 0

    init(id: TrunkID, phase: Phase, now: Instant) {
        self.id = id
        self.phase = phase
        heardAt = now
        progressAt = now
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}
