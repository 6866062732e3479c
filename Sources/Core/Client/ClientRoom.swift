import State

/// One channel as a client holds it: a mirror, and the inputs if it writes.
///
/// unread → asked → attached → asked …; unlinked by the other side it waits for its next try, or for good.
package struct ClientRoom {
    enum Phase: Equatable {
        /// Nobody was asked on the connection at hand.
        case unread
        case asked
        /// Sections and marks of this link are ours.
        case attached(LinkNumber)
        /// The other side let it go for now.
        case retrying(at: Instant)
        /// It will not be asked for again by itself.
        case gone(Farewell)
    }

    package let channel: String
    package let options: [UInt8]
    var phase = Phase.unread
    var queue: InputQueue
    /// What is visible: the newest committed state.
    package internal(set) var mirror = ChannelMirror()
    /// Of which run of versions the mirror is; nil before the first commit.
    package internal(set) var lineage: Lineage?
    package internal(set) var tick = TickNumber(rawValue: 0)
    /// Our number in what the mirror holds; nil before the first commit.
    package private(set) var me: SessionNumber?
    /// What the application said when it let us in.
    package internal(set) var data: [UInt8] = []
    /// What the attach at hand begins from nothing; it takes the mirror's place at its first mark.
    private var fresh: (Lineage, ChannelMirror, me: SessionNumber)?
    private var assembly = SectionAssembly(limit: ClientLimits.stateBytes)
    /// Messages that came before the version they name.
    private var early: [ClientMessage] = []
    /// The next inputs that leave are not to wait at the front.
    var isUrgent = false
    var gapCount = 0
    var retryCount = 0
    /// When the right to write here was given back.
    var withdrawnAt: Instant?

    init(channel: String, options: [UInt8], undecided: UndecidedPolicy) {
        self.channel = channel
        self.options = options
        queue = InputQueue(undecided: undecided)
    }

    /// The version that is held whole; `.nothing` before the first commit.
    package var version: Version { Version(rawValue: mirror.version) }
    /// Inputs without an outcome.
    package var unsettledCount: Int { queue.unsettledCount }
    package var isAttached: Bool { if case .attached = phase { true } else { false } }
    var isGone: Bool { if case .gone = phase { true } else { false } }

    /// Until then what was under way when the right to write was given back is waited for.
    var withdrawalDeadline: Instant? { unsettledCount > 0 ? withdrawnAt.map { $0 + ClientLimits.withdrawal } : nil }

    func isAttached(to link: LinkNumber) -> Bool { phase == .attached(link) }

    /// The wish to read it, with what is held.
    var read: Read {
        let audiences = mirror.audiences.map(AudienceNumber.init(rawValue:))
        let held = lineage.map { Held(lineage: $0, version: version, audiences: audiences) }
        return Read(channel: channel, held: version == .nothing ? nil : held, options: options)
    }

    /// The back let us in. What is held stays visible until the first mark, also when it is not kept.
    mutating func attached(_ attached: ClientAttached) {
        phase = .attached(attached.link)
        data = attached.data
        assembly = SectionAssembly(limit: ClientLimits.stateBytes)
        mirror.discard()
        let goesOn = attached.lineage == lineage && attached.kept.contains(.everyone)
        fresh = goesOn ? nil : (attached.lineage, ChannelMirror(), attached.me)
        if goesOn { me = attached.me }
        setAudiences(attached.audiences, kept: goesOn ? attached.kept : [])
    }

    /// The session is in other audiences from the next mark on.
    mutating func regrouped(_ regrouped: ClientRegrouped) {
        setAudiences(regrouped.audiences, kept: regrouped.kept)
    }

    private mutating func setAudiences(_ listed: [AudienceNumber], kept: [AudienceNumber]) {
        let (listed, kept) = (listed.map(\.rawValue), kept.map(\.rawValue))
        if fresh != nil {
            fresh!.1.setAudiences(listed: listed, kept: kept)
        } else {
            mirror.setAudiences(listed: listed, kept: kept)
        }
    }

    /// What comes next no longer belongs to what came: the connection or the link is gone.
    mutating func linkLost(_ next: Phase) {
        phase = next
        mirror.discard()
        fresh = nil
        early = []
        queue.pause()
    }

    /// Holds nothing any more: the next read begins from nothing. What is visible stays so until then.
    mutating func distrust() {
        fresh = nil
        lineage = nil
        mirror.discard()
    }

    /// A piece of a section; answers the section's body with its last one.
    mutating func receive(piece body: UnsafeRawBufferPointer) throws(WireError) -> [UInt8]? {
        try assembly.receive(body)
    }

    /// A section, to be committed by its mark. Answers its head.
    mutating func receive(section body: UnsafeRawBufferPointer) throws(MirrorError) -> SectionHead {
        let head: SectionHead
        let section: StateSection
        do throws(WireError) {
            var reader = ByteReader(body)
            head = try SectionHead(from: &reader)
            section = StateSection(
                audience: head.audience.rawValue, base: head.base.rawValue, version: head.version.rawValue,
                hash: head.hash,
                schema: head.hasSchema ? try SchemaDescription(&reader) : nil, patch: Array(reader.rest()))
        } catch {
            throw .malformed(error)
        }
        if fresh != nil { try fresh!.1.receive(section) } else { try mirror.receive(section) }
        return head
    }

    /// Commits what came since the last mark.
    mutating func commit(_ mark: Mark) throws(MirrorError) -> [MirrorChange] {
        let changes: [MirrorChange]
        if let (lineage, begun, me) = fresh {
            var next = begun
            changes = try next.commit(base: mark.base.rawValue, version: mark.version.rawValue)
            mirror = next
            self.lineage = lineage
            self.me = me
            fresh = nil
        } else {
            changes = try mirror.commit(base: mark.base.rawValue, version: mark.version.rawValue)
        }
        tick = mark.tick
        gapCount = 0
        retryCount = 0
        return changes
    }

    /// A message; answers those that may be told now. Full, the oldest that waits is dropped: answers how many were.
    mutating func receive(_ message: ClientMessage) -> (due: [ClientMessage], droppedCount: Int) {
        early.append(message)
        let isOver = early.count > ClientLimits.heldMessages
        if isOver { early.removeFirst() }
        return (takeDueMessages(), isOver ? 1 : 0)
    }

    mutating func takeDueMessages() -> [ClientMessage] {
        guard !early.isEmpty else { return [] }
        // They stay in order: one that waits holds up those behind it.
        let due = Array(early.prefix { $0.version <= version && lineage != nil })
        early.removeFirst(due.count)
        return due
    }
}
