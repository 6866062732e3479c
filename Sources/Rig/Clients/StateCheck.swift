import Core
import State

/// Looks at each commit of one reader of a ledger: nothing goes back, nothing is missing, nothing came twice.
struct StateCheck {
    /// What one look found.
    struct Finding {
        var account: Account?
        var isNewLineage = false
        var isWhole = false
    }

    private var lineage: Lineage?
    private var version = Version.nothing
    /// Beats and versions grow together; by how much they differ says the lineage's first commit.
    private var offset: Int64?
    private(set) var account: Account?

    /// - Parameter isWhole: whether all accounts are added up, too.
    mutating func look(at room: ClientRoom, isWhole: Bool, _ breaches: inout Breaches) -> Finding {
        var finding = Finding(isWhole: isWhole)
        let mirror = room.mirror
        if room.lineage != lineage {
            finding.isNewLineage = lineage != nil
            lineage = room.lineage
            offset = nil
            version = .nothing
        }
        if room.version < version {
            breaches.note(.backwards, "\(room.channel): \(room.version.rawValue) after \(version.rawValue)")
        }
        version = room.version
        guard let beat = mirror.row(Ledger.beatTable, Ledger.beatKey, as: Beat.self) else {
            breaches.note(.silentGap, "\(room.channel): no beat at version \(version.rawValue)")
            return finding
        }
        let offset = beat.count - Int64(bitPattern: version.rawValue)
        if let known = self.offset, known != offset {
            breaches.note(
                .silentGap,
                "\(room.channel): beat \(beat.count) at version \(version.rawValue), off by \(offset - known)")
        }
        self.offset = offset
        if isWhole {
            let accounts = mirror.table(Ledger.accountsTable, key: SessionNumber.self, row: Account.self)
            let digest = accounts.reduce(into: UInt64(0)) { $0 &+= $1.value.digest($1.key) }
            if digest != beat.digest {
                breaches.note(.silentGap, "\(room.channel): the accounts of version \(version.rawValue) do not add up")
            }
            finding.account = room.me.flatMap { accounts[$0] }
        } else {
            finding.account = room.me.flatMap { mirror.row(Ledger.accountsTable, $0, as: Account.self) }
        }
        if let new = finding.account { compare(new, finding.isNewLineage, room.channel, &breaches) }
        account = finding.account
        return finding
    }

    private func compare(_ new: Account, _ isNewLineage: Bool, _ channel: String, _ breaches: inout Breaches) {
        // An account counts up: what it said before is told already.
        let old = isNewLineage ? Account() : account ?? Account()
        breaches.note(.twice, "\(channel): \(new)", count: Int(new.twice - old.twice))
        breaches.note(.lost, "\(channel): missing in \(new)", count: Int(new.missing - old.missing))
    }
}
