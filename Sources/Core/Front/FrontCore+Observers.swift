import State

/// What programs in the front's own process ask about backs and state.
extension FrontCore {
    /// A back whose trunk is open.
    package struct OpenBack: Sendable {
        package let name: String
        package let epoch: Epoch
        package let families: [String]
        package let options: [UInt8]
    }

    package var openBacks: [OpenBack] {
        trunks.values.compactMap { trunk in
            guard case .open(let epoch) = trunk.phase else { return nil }
            return OpenBack(name: trunk.back, epoch: epoch, families: trunk.families, options: trunk.options)
        }.sorted { $0.name < $1.name }
    }

    /// Backs that the directory names and that have not answered.
    package var missingBacks: [String] {
        let open = Set(openBacks.map(\.name))
        return directory.backs.map(\.name).filter { !open.contains($0) }
    }

    /// Where a linked channel stands.
    package struct Position: Sendable {
        package let epoch: Epoch
        package let lineage: Lineage
        package let version: Version
    }

    /// The newest version that this front has of a channel; nil if it is not linked, or its back is away.
    package func position(of channel: ChannelID) -> Position? {
        guard let index = linkOf[channel], let link = links[index], let history = link.history,
            let id = trunkOf[link.back], case .open(let epoch) = trunks[id]?.phase
        else { return nil }
        return Position(epoch: epoch, lineage: history.lineage, version: max(history.version, link.version))
    }

    /// One patch that leads to the newest version. It is empty if nothing changed for everyone on the way there.
    package struct StateUpdate: Sendable {
        package let lineage: Lineage
        /// Of the back that acts for the channel.
        package let epoch: Epoch
        /// Nil: from nothing.
        package let base: Version?
        package let version: Version
        package let tick: TickNumber
        package let patch: [UInt8]
        /// With a patch from nothing.
        package let schemaBytes: [UInt8]
    }

    /// What leads from `version` of `lineage` to the newest state, as one patch; nil if there is nothing newer.
    package mutating func update(of channel: ChannelID, held lineage: Lineage, from version: Version) -> StateUpdate? {
        guard let index = linkOf[channel], let link = links[index], let history = link.history else { return nil }
        let newest = max(history.version, link.version)
        let isSame = history.lineage == lineage
        if isSame, version >= newest { return nil }
        let patch: [UInt8]
        let base: Version?
        switch links[index]!.history!.catchUpNow(from: isSame ? version : nil) {
        case .upToDate:
            patch = []
            base = version
        case .later: return nil
        case .entries(let first):
            let entries = links[index]!.history!.entries[first...]
            guard let joined = try? Patch.squash(entries.map(\.patch)) else { return nil }
            patch = joined
            base = version
        case .squash(let entry, let first):
            let entries = [entry] + links[index]!.history!.entries[first...]
            guard let joined = entries.count == 1 ? entry.patch : try? Patch.squash(entries.map(\.patch)) else {
                return nil
            }
            patch = joined
            base = version
        case .snapshot:
            patch = history.wholePatch
            base = nil
        }
        return StateUpdate(
            lineage: history.lineage, epoch: link.epoch, base: base, version: newest,
            tick: max(history.tick, link.tick),
            patch: patch, schemaBytes: base == nil ? history.schemaBytes : [])
    }
}
