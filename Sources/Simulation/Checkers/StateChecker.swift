import Core
import State

/// G2 and G3: at each commit a client holds exactly what the back had at that version, and within a lineage it never goes back.
final class StateChecker {
    private unowned let world: World
    /// The canonical state of every version that any back ever had.
    private var states: [Lineage: [Version: [UInt8]]] = [:]
    private var newestOf: [Lineage: Version] = [:]
    private var lineagesOf: [String: [Lineage]] = [:]
    private var heldBy: [Int: [String: (lineage: Lineage, version: Version)]] = [:]

    init(_ world: World) { self.world = world }

    /// A back's tick ended at a version. Answers whether it is a new one.
    func ticked(_ channel: String, _ lineage: Lineage, _ version: Version, _ bytes: () -> [UInt8]) -> Bool {
        guard newestOf[lineage] != version else { return false }
        if let newest = newestOf[lineage], version < newest {
            world.fail(.g5, "\(channel) went back from version \(newest) to \(version) in one lineage")
        }
        if newestOf[lineage] == nil { lineagesOf[channel, default: []].append(lineage) }
        newestOf[lineage] = version
        states[lineage, default: [:]][version] = bytes()
        return true
    }

    func newestVersion(of lineage: Lineage) -> Version? { newestOf[lineage] }

    /// The lives that a channel has had, the oldest first.
    func lineages(of channel: String) -> [Lineage] { lineagesOf[channel] ?? [] }

    /// What a back had at a version; nil if it never had it.
    func state(_ lineage: Lineage, _ version: Version) -> [UInt8]? { states[lineage]?[version] }

    /// A client told its application of a commit.
    func committed(_ client: SimulatedClient, _ channel: String) {
        guard let room = client.core.room(channel), let lineage = room.lineage else { return }
        let version = room.version
        advance(client.number, client.name, channel, lineage, version)
        guard let state = states[lineage]?[version] else {
            return world.fail(.g2, "\(client.name) holds version \(version) of \(channel), which no back ever had")
        }
        world.tally.commitsCompared += 1
        if state != room.mirror.encoded() {
            world.fail(.g2, "\(client.name) holds another state of \(channel) at version \(version) than its back had")
        }
        world.views.committed(client, room, lineage)
    }

    /// Versions of a lineage only grow at a reader.
    func advance(_ client: Int, _ name: String, _ channel: String, _ lineage: Lineage, _ version: Version) {
        if let held = heldBy[client]?[channel], held.lineage == lineage, held.version > version {
            world.fail(.g3, "\(name) went back from version \(held.version) to \(version) of \(channel)")
        }
        heldBy[client, default: [:]][channel] = (lineage, version)
    }

    /// A message must not come before the version that it names. Events are told behind all that one read changed, so
    /// where a new lineage has begun meanwhile nothing can be said.
    func messageCame(
        _ client: SimulatedClient, _ channel: String, _ version: Version, _ data: [UInt8],
        heldBefore: (lineage: Lineage, version: Version)?
    ) {
        world.tally.messages += 1
        if let room = client.core.room(channel), room.lineage == heldBefore?.lineage, room.version < version {
            world.fail(.g3, "\(client.name) was told a message of version \(version) at \(room.version)")
        }
        if world.messages.cameToClient(client.number, client.name, channel, data) { return }
        if let wish = Wish(data), wish.client != client.number {
            world.fail(.g1, "\(client.name) was told a message for client-\(wish.client)")
        }
    }

    /// The client no longer reads the channel; a later read may begin anywhere.
    func forget(_ client: SimulatedClient, _ channel: String) { heldBy[client.number]?[channel] = nil }
}
