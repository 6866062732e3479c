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

    init(id: TrunkID, phase: Phase) {
        self.id = id
        self.phase = phase
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}
