import Core
import State

/// G2 for audiences: at each commit a client holds the audiences that its session was in at that version, no others, and of
/// each exactly the rows that it had then.
final class ViewChecker {
    /// What a session was in from a tick on.
    private struct Membership {
        let version: Version
        /// Whether it is so from the version's own tick on, not from a later one that changed no row.
        let isFromBegin: Bool
        let audiences: [UInt64]
    }

    private struct Place: Hashable {
        let lineage: Lineage
        let audience: UInt64
    }

    private struct Member: Hashable {
        let lineage: Lineage
        let session: SessionID
    }

    private unowned let world: World
    /// Both ascending by version.
    private var rowsOf: [Place: [(version: Version, bytes: [UInt8])]] = [:]
    private var audiencesOf: [Member: [Membership]] = [:]

    init(_ world: World) { self.world = world }

    /// A back's tick ended, and left an audience with these rows.
    func rows(of audience: UInt64, _ lineage: Lineage, _ version: Version, _ bytes: [UInt8]) {
        rowsOf[Place(lineage: lineage, audience: audience), default: []].append((version, bytes))
    }

    /// A back's tick ended, and left a session in these audiences.
    func member(
        _ session: SessionID, _ lineage: Lineage, _ version: Version, isNew: Bool, _ audiences: [UInt64]
    ) {
        world.trace {
            "session \(session) is in \(audiences) from \(isNew ? "" : "within ")version \(version) of \(lineage) on"
        }
        audiencesOf[Member(lineage: lineage, session: session), default: []].append(
            Membership(version: version, isFromBegin: isNew, audiences: audiences))
    }

    /// A client told its application of a commit.
    func committed(_ client: SimulatedClient, _ room: ClientRoom, _ lineage: Lineage) {
        let held = room.mirror.audiences
        let who = "\(client.name) at version \(room.version) of \(room.channel)"
        if let session = client.ledger.session,
            !mayBeIn(held, Member(lineage: lineage, session: session), room.version)
        {
            world.fail(.g2, "\(who) holds the audiences \(held), which its session \(session) was not in")
        }
        for audience in held where audience != Audience.everyone.wireNumber {
            world.tally.viewsCompared += 1
            guard room.mirror.encoded(audience: audience) != rows(of: audience, lineage, room.version) else { continue }
            world.fail(.g2, "\(who) holds other rows of audience \(audience) than its back had")
        }
    }

    /// What an audience's rows were at a version.
    func rows(of audience: UInt64, _ lineage: Lineage, _ version: Version) -> [UInt8] {
        rowsOf[Place(lineage: lineage, audience: audience)]?.last { $0.version <= version }?.bytes ?? []
    }

    /// What a session may be in for who holds a version: what it was in then, or later. See `mayBeIn`.
    func candidates(_ session: SessionID, _ lineage: Lineage, _ version: Version) -> [[UInt64]] {
        var found: [[UInt64]] = []
        for membership in (audiencesOf[Member(lineage: lineage, session: session)] ?? []).reversed() {
            found.append(membership.audiences)
            if membership.version < version || (membership.version == version && membership.isFromBegin) { break }
        }
        return found
    }

    /// Whether the session was in exactly these audiences at the end of a tick with that version, or of a later one: whoever
    /// is caught up is told first where he is now, and then brought there by what the front keeps, version by version.
    private func mayBeIn(_ held: [UInt64], _ member: Member, _ version: Version) -> Bool {
        candidates(member.session, member.lineage, version).contains(held)
    }
}
