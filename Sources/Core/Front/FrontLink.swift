import CHint
import State

/// A front channel: the link to its back channel, what is kept of its state, and who reads it.
///
/// `waiting → linking → live`, back to `waiting` when the trunk breaks; each link has a number of its own. A reference, so that
/// looking something up copies nothing of it. Reached only through the core, whose own methods exclude one another.
final class FrontLink {
    enum Phase {
        /// The back is not there.
        case waiting(since: Instant)
        /// Asked for, not answered.
        case linking(LinkNumber, since: Instant)
        /// Answered; the snapshot is on its way, or here.
        case live(LinkNumber)
    }

    let channel: ChannelID
    var back: String
    @exclusivity(unchecked) var phase: Phase
    var lineage: Lineage?
    /// Of the back that answered.
    var epoch = Epoch(rawValue: 0)
    /// What a program here gave with its wish, and what the back's application gave with its yes.
    var options: [UInt8] = []
    var data: [UInt8] = []
    /// The newest version that a mark committed.
    @exclusivity(unchecked) var version = Version.nothing
    @exclusivity(unchecked) var tick = TickNumber(rawValue: 0)
    /// Everyone's.
    @exclusivity(unchecked) var history: History?
    var audiences = FrontAudiences()
    /// Those that its readers are in, and how many readers are in none.
    @exclusivity(unchecked) var cohorts: [Cohort] = []
    private(set) var looseCount = 0
    @exclusivity(unchecked) private(set) var members: [FrontMember] = []
    @exclusivity(unchecked) private(set) var placeOf = NumberMap<MemberNumber>()
    /// Members that are in other audiences than everyone.
    private(set) var spread: [FrontMember] = []
    /// How many members' memory is asked for at once.
    private static let askedCount = 8
    /// How many members before its memory is wanted it is asked for.
    static let nearDistance = 8
    private var lastMember = MemberNumber(rawValue: 0)
    /// Programs in this process that want the state, beside the clients.
    var observerCount = 0
    /// When the last reader went.
    var unusedSince: Instant?

    /// A tick on its way in.
    var staged = StagedTick()
    var assembly = SectionAssembly()

    /// It waits among the links with a squash under way.
    var isSquashing = false
    /// Who is to be asked again when that is there.
    var squashWaiters: [ConnectionID] = []

    // Inputs on their way out.
    let batch = InputBatch()
    @exclusivity(unchecked) var credit = 0
    var stalled: [ConnectionID] = []

    init(channel: ChannelID, back: String, now: Instant) {
        self.channel = channel
        self.back = back
        phase = .waiting(since: now)
    }

    var number: LinkNumber? {
        switch phase {
        case .waiting: nil
        case .linking(let number, _), .live(let number): number
        }
    }

    var isLive: Bool {
        if case .live = phase { true } else { false }
    }

    var isUsed: Bool { !members.isEmpty || observerCount > 0 }

    func addMember(_ client: FrontConnection) -> MemberNumber {
        lastMember = lastMember.next
        placeOf[lastMember] = members.count
        members.append(FrontMember(number: lastMember, lent: .passUnretained(client)))
        looseCount += 1
        return lastMember
    }

    func removeMember(_ number: MemberNumber) {
        guard let place = placeOf.removeValue(forKey: number) else { return }
        gather(number)
        if members[place].isLoose { looseCount -= 1 }
        let last = members.removeLast()
        if place < members.count {
            members[place] = last
            placeOf[last.number] = place
        }
    }

    /// Whether a member is to be asked at each step, as it is in no cohort, from now on.
    func note(_ number: MemberNumber, isLoose: Bool) {
        guard let place = placeOf[number], members[place].isLoose != isLoose else { return }
        members[place].isLoose = isLoose
        looseCount += isLoose ? 1 : -1
    }

    /// A member is in other audiences than everyone from now on.
    func spread(_ number: MemberNumber) {
        guard let place = placeOf[number], !spread.contains(where: { $0.number == number }) else { return }
        spread.append(members[place])
    }

    /// A member is in everyone alone.
    func gather(_ number: MemberNumber) {
        guard let place = spread.firstIndex(where: { $0.number == number }) else { return }
        spread.remove(at: place)
    }

    /// Where a member is; `near` is where it is looked for first.
    @inline(__always)
    func place(of number: MemberNumber, near place: Int) -> Int? {
        place < members.count && members[place].number == number ? place : placeOf[number]
    }

    /// Brings near what an ack to the members from a place on looks at: there are many acks in a row, and each would wait for it.
    /// Answers which is the first that was not asked for.
    func bringNear(from place: Int) -> Int {
        let end = min(place + Self.askedCount, members.count)
        for place in place..<end { FrontConnection.bringNear(members[place].lent) }
        return end
    }

    func connection(of number: MemberNumber) -> ConnectionID? { placeOf[number].map { members[$0].connection } }
    func client(of number: MemberNumber) -> FrontConnection? { placeOf[number].map { members[$0].client } }

    /// A new link begins: nothing of the tick on its way belongs to it, and members are numbered anew by the caller.
    func restart() {
        staged = StagedTick()
        audiences = FrontAudiences()
        spread.removeAll()
        assembly = SectionAssembly()
        batch.clear()
        credit = 0
    }
}

struct FrontMember {
    let number: MemberNumber
    /// Lent, so that a fan-out need neither look it up nor count references; a connection that closes leaves its links first.
    let lent: Unmanaged<FrontConnection>
    /// Whether its client is in no cohort, and takes what it is sent.
    var isLoose = true
    var client: FrontConnection { lent.takeUnretainedValue() }
    var connection: ConnectionID { client.id }
}
