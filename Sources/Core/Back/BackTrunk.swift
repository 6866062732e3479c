import State

/// One front's trunk, as the back sees it: `opening → open`, or a farewell.
struct BackTrunk {
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

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}
