import State

/// One front channel's link, as its back channel keeps it.
struct BackLink {
    enum Phase {
        /// Waits for the tick that answers it.
        case requested(options: [UInt8])
        case linked
        /// The tick that refused it tells the front.
        case refused(Farewell)

        var isLinked: Bool {
            if case .linked = self { true } else { false }
        }
    }

    let key: LinkKey
    /// The front's name, for the application and the operator.
    let front: String
    let incarnation: Incarnation
    var phase: Phase
    /// Which session a member number stands for: its slot.
    var members = NumberMap<MemberNumber>()
    /// The last version whose mark went to this front.
    var committed = Version.nothing
    /// What it is sent, and how much of that it has.
    var audiences = LinkAudiences()
    /// What the application gives with its yes to the link.
    var data: [UInt8] = []
    /// Bytes of inputs that were taken in since credit was last given back.
    var consumedByteCount = 0
    /// Bytes of inputs that arrived since credit was last given back, those carried over among them.
    var receivedByteCount = 0

    // What the next tick's end sends, in the order in which it leaves. It waits while the trunk is congested.
    /// Members whose audiences changed.
    var regrouped: [MemberNumber] = []
    var answers = ByteWriter()
    var attachAnswers: [AttachAnswer] = []
    var grants = ByteWriter()
    var decisions = ByteWriter()
    var revocations = ByteWriter()
    private(set) var messages: [OutgoingMessage] = []
    private var messageByteCount = 0
    /// A tick submitted jobs: the front is to hear of its version even if nothing changed for it.
    var owesVersion = false

    init(key: LinkKey, front: String, incarnation: Incarnation, options: [UInt8]) {
        self.key = key
        self.front = front
        self.incarnation = incarnation
        phase = .requested(options: options)
    }

    /// Member numbers in ascending order.
    var membersInOrder: [MemberNumber] { members.keys }

    /// Keeps a message for the end of the tick. False, and counted, if it is too large or if a link that does not drain keeps
    /// as much as it may.
    mutating func keep(_ message: OutgoingMessage, counters: inout BackCounters) -> Bool {
        guard message.data.count <= Limits.messageBytes, messages.count < Limits.messagesPerLink,
            messageByteCount + message.data.count <= Limits.messageBytesPerLink
        else {
            counters.messagesDropped += 1
            return false
        }
        messages.append(message)
        messageByteCount += message.data.count
        return true
    }

    /// Whether something that waits names a version that the front must have reached.
    var saysVersion: Bool { owesVersion || !attachAnswers.isEmpty || messages.contains { $0.members != nil } }

    mutating func takeMessages() -> [OutgoingMessage] {
        defer {
            messages.removeAll()
            messageByteCount = 0
        }
        return messages
    }
}

/// A session that was let in; the answer is written when the tick's version is known.
struct AttachAnswer {
    let member: MemberNumber
    let me: SessionNumber
    let held: Held?
    let data: [UInt8]
}

/// A message that leaves with the tick: to some members, to all (an empty list), or to the front itself (nil).
struct OutgoingMessage {
    let members: [MemberNumber]?
    let data: [UInt8]
}
