/// Who serves which channel: the routing table of hub and fronts.
///
/// Made from the hub's directory message, or from what backs say of themselves when there is no hub. The most specific
/// family that matches decides; among the backs that share it a rendezvous hash over the back's *name* does, so a restarted
/// back gets its channels again. A back that is away keeps its place (its `address` is nil): moving its channels to another
/// one while it may come back would make two of one channel.
package struct ChannelDirectory: Equatable, Sendable {
    /// One back and what it serves.
    package struct Entry: Equatable, Sendable {
        package var name: String
        /// Where it listens for trunks; nil while it is away.
        package var address: String?
        package var epoch: Epoch
        package var families: [FamilyPattern]

        package init(name: String, address: String?, epoch: Epoch, families: [FamilyPattern]) {
            self.name = name
            self.address = address
            self.epoch = epoch
            self.families = families
        }
    }

    /// By name, ascending.
    package let backs: [Entry]

    package init(_ backs: [Entry] = []) { self.backs = backs.sorted { $0.name < $1.name } }

    /// The back that serves `channel`, or nil if no family matches. Linear in the number of families.
    package func back(for channel: ChannelID) -> Entry? {
        var best = -1
        var candidates: [Int] = []
        for (place, entry) in backs.enumerated() {
            guard let found = entry.families.lazy.filter({ $0.matches(channel) }).map(\.specificity).max() else {
                continue
            }
            if found > best { (best, candidates) = (found, []) }
            if found == best { candidates.append(place) }
        }
        guard let choice = RendezvousHash.choose(candidates.map { backs[$0].name }, for: channel.text) else {
            return nil
        }
        return backs[candidates[choice]]
    }

    package func back(named name: String) -> Entry? { backs.first { $0.name == name } }
}
