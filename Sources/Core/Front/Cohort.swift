import State

/// Readers who stand at the same place: the same channels, of everyone alone, the same version of each, the same form of frames,
/// and nothing owed to any of them but what comes next and an ack. What they are owed is made once, and a tick costs each of them
/// one look at a plain struct and one write.
///
/// As long as a client is in a cohort its position is the cohort's, and its reads say `together`. A *walk* brings all of them to the
/// newest versions, in slices if they are many: those before `next` have been written to, the others stand where the walk began.
/// Who is owed anything else leaves first (`FrontCore.leaveCohort`), and comes back when that is written.
final class Cohort {
    struct Key: Hashable {
        /// The links' places among the front's links, in the order of the reads.
        let links: [Int]
        let isWebSocket: Bool
    }

    struct Member {
        let id: ConnectionID
        /// Unsafe, so that it costs a walk nothing; sound, because a connection holds its cohort and leaves it before it goes.
        unowned(unsafe) let connection: FrontConnection
        /// The walk that the ack leaves with, behind the state of the tick that decided it: a walk of a higher number than that.
        var ackWalk = Self.noAck
        var ack: ClientAcked

        static let noAck = UInt64.max
    }

    struct Walk {
        /// Where it leads.
        let goal: [Version]
        let bytes: WalkBytes
        let patchCount: Int
    }

    let key: Key
    /// What its members hold, but for those whom the walk under way has reached.
    @exclusivity(unchecked) private(set) var held: [Version]
    @exclusivity(unchecked) private(set) var members: [Member] = []
    @exclusivity(unchecked) private(set) var walk: Walk?
    /// The place of the first whom the walk has not reached; 0 while there is none.
    @exclusivity(unchecked) private var next = 0
    /// The number of the walk that begins next.
    @exclusivity(unchecked) private(set) var nextWalk: UInt64 = 0
    /// Something came that no walk has taken up.
    @exclusivity(unchecked) var isOwed = false
    /// It waits among the cohorts that are to be walked.
    @exclusivity(unchecked) var isInLine = false

    init(_ key: Key, held: [Version]) {
        self.key = key
        self.held = held
    }

    /// Where those stand who come in now.
    var entrance: [Version] { walk?.goal ?? held }

    /// What the member at a place holds, in the order of the key's links.
    func versions(at place: Int) -> [Version] {
        guard let walk, place < next else { return held }
        return walk.goal
    }

    private static let noAck = ClientAcked(
        grant: GrantID(rawValue: 0), highest: InputNumber(rawValue: 0), tick: TickNumber(rawValue: 0))

    /// Takes in a client that stands at the entrance.
    func add(_ connection: FrontConnection, ack: ClientAcked?) {
        connection.cohort = self
        connection.cohortPlace = members.count
        members.append(
            Member(
                id: connection.id, connection: connection, ackWalk: ack == nil ? Member.noAck : nextWalk,
                ack: ack ?? Self.noAck))
        guard walk != nil else { return }
        swap(next, members.count - 1)
        next += 1
    }

    /// Lets the member at a place go. Answers the ack that it is owed.
    func remove(at place: Int) -> ClientAcked? {
        var place = place
        let ack = members[place].ackWalk == Member.noAck ? nil : members[place].ack
        members[place].connection.cohort = nil
        if place < next {
            swap(place, next - 1)
            place = next - 1
            next -= 1
        }
        swap(place, members.count - 1)
        members.removeLast()
        return ack
    }

    /// A member is owed an ack. It replaces the one before, which it covers.
    func owe(_ ack: ClientAcked, at place: Int) {
        members[place].ack = ack
        members[place].ackWalk = nextWalk
    }

    private func swap(_ place: Int, _ other: Int) {
        guard place != other else { return }
        members.swapAt(place, other)
        members[place].connection.cohortPlace = place
        members[other].connection.cohortPlace = other
    }

    // MARK: Walks

    func begin(_ walk: Walk) {
        self.walk = walk
        nextWalk += 1
    }

    /// The next member whom the walk under way has something for: its place, and how many of the walk's bytes; it counts as written
    /// to. Nil at the end of the walk.
    @inline(__always)
    func nextWritten(_ bytes: WalkBytes) -> (place: Int, byteCount: Int)? {
        var place = next
        while place < members.count {
            var byteCount = bytes.count
            if members[place].ackWalk < nextWalk {
                members[place].ackWalk = Member.noAck
                byteCount = bytes.put(members[place].ack, isWebSocket: key.isWebSocket)
            }
            if byteCount > 0 {
                next = place + 1
                return (place, byteCount)
            }
            place += 1
        }
        next = place
        return nil
    }

    /// The walk has reached everybody.
    func end() {
        guard let walk else { return }
        held = walk.goal
        self.walk = nil
        next = 0
    }
}
