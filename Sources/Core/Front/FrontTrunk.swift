import State

/// The trunk to one back process: `connecting → opening → open`, or gone. A reference, so that a frame copies nothing of it.
final class FrontTrunk {
    enum Phase {
        case connecting(since: Instant)
        case opening(ConnectorHandshake, since: Instant)
        case open(Epoch)
    }

    let id: TrunkID
    let back: String
    let address: String
    var phase: Phase
    var reader = FrameReader(limit: Limits.nodeFrameBytes)
    var output = ByteWriter()
    var unsentByteCount = 0
    var linkOf: [LinkNumber: Int] = [:]
    var heardAt: Instant
    var pingedAt: Instant?
    /// What the back published when it accepted us.
    var options: [UInt8] = []
    var families: [String] = []

    init(id: TrunkID, back: String, address: String, phase: Phase, heardAt: Instant) {
        self.id = id
        self.back = back
        self.address = address
        self.phase = phase
        self.heardAt = heardAt
    }

    /// Whether inputs wait for it to have room.
    var holdsInputs = false

    /// Whether it takes inputs: a back that does not read them is not sent more and more of them.
    var takesInputs: Bool { unsentByteCount + output.count < Limits.trunkInputBytes }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }
}
