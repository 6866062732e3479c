import Core
import State

/// G2, G3 and G9 for clients of the text form: what they hold, as rows of JSON, is what the back had at that version in the
/// audiences of their session.
final class TextChecker {
    private unowned let world: World
    var clients: [TextClient] = []
    /// Of the tables that simulated channels have.
    private let schema: SchemaDescription

    init(_ world: World) {
        self.world = world
        var state = State()
        _ = LedgerRule(&state)
        schema = state.schema
    }

    /// A patch is applied.
    func committed(_ client: TextClient, _ room: TextRoom) {
        guard let number = room.version else { return }
        let version = Version(rawValue: number)
        world.trace { "\(client.name): \(room.channel) is at \(version)" }
        let lineages = room.lineage.map { [Lineage(rawValue: $0)] } ?? world.states.lineages(of: room.channel)
        for lineage in lineages.reversed() {
            guard let everyone = world.states.state(lineage, version) else { continue }
            world.tally.textsCompared += 1
            for others in audiences(client, room, lineage, version) {
                if isSame(room, [everyone] + others) { return }
            }
        }
        world.fail(.g2, "\(client.name) holds rows of \(room.channel) at version \(number) that its back never had so")
    }

    /// What the client may see beside everyone's rows, the newest first.
    private func audiences(
        _ client: TextClient, _ room: TextRoom, _ lineage: Lineage, _ version: Version
    ) -> [[[UInt8]]] {
        guard room.lineage == nil, let session = client.ledger.session else { return [[]] }
        return world.views.candidates(session, lineage, version).map { audiences in
            audiences.filter { $0 != Audience.everyone.wireNumber }.map { world.views.rows(of: $0, lineage, version) }
        }
    }

    /// Whether a client holds exactly these patches from nothing, taken together.
    func isSame(_ room: TextRoom, _ patches: [[UInt8]]) -> Bool {
        do throws(WireError) {
            let text = "{\(try Patch.jsonMembers(try Patch.union(patches), schema))}"
            var rows: TextRoom.Rows = [:]
            Array(text.utf8).withUnsafeBytes { bytes in
                if let set = try? JSONText(bytes).root["set"] { TextRoom.add(set, to: &rows) }
            }
            return TextRoom.isSame(rows, room.rows)
        } catch {
            world.fail(.g2, "the state of \(room.channel) is no patch: \(error)")
            return false
        }
    }

    func messageCame(_ client: TextClient, _ channel: String, _ version: UInt64, _ data: [UInt8]) {
        world.tally.messages += 1
        // One that it was brought to in an earlier life may come behind the first state of the next.
        if let room = client.rooms.first(where: { $0.channel == channel }), room.highestVersion < version {
            world.fail(.g3, "\(client.name) was told a message of version \(version) at \(room.version ?? 0)")
        }
        if world.messages.cameToClient(client.ledger.client, client.name, channel, data) { return }
        if let wish = Wish(data), wish.client != client.ledger.client {
            world.fail(.g1, "\(client.name) was told a message for client-\(wish.client)")
        }
    }

    /// The front says why it ends the connection.
    func ended(_ client: TextClient, _ code: UInt16, _ reason: String) {
        world.trace { "\(client.name): is told \(code): \(reason)" }
        guard let code = CloseCode(rawValue: code), !PeerChecker.blames(code), code != .superseded, code != .refused
        else { return world.fail(.g9, "\(client.name) was told \(code): \(reason)") }
    }
}
