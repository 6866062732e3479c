import Core

/// What outlives every process: the hub's state folder and its runtime folder.
final class SimulatedDisk {
    /// The epochs of the last reign, as `epochs.json` has them.
    private(set) var ledger = EpochLedger()
    /// The live processes, as `processes.json` has them.
    private(set) var processes: [ProcessRecord] = []
    /// What stands in the lock files that processes inherit at their start, by name.
    private var locks: [String: ProcessRecord] = [:]

    /// The ledger of a new reign, synced before it is answered.
    func beginReign() -> EpochLedger {
        ledger = ledger.nextReign()
        return ledger
    }

    func record(_ ledger: EpochLedger) { self.ledger = ledger }
    func save(_ table: [ProcessRecord]) { processes = table }
    func lock(_ record: ProcessRecord) { locks[record.name] = record }

    /// What a new hub finds alive: by the table, and by the locks that are held by processes which the table does not name.
    func living(_ isAlive: (ProcessRecord) -> Bool) -> [ProcessRecord] {
        let named = processes.filter(isAlive)
        let others = locks.values.filter { lock in isAlive(lock) && !named.contains { $0.pid == lock.pid } }
        return named.filter { one in !others.contains { $0.name == one.name } } + others.sorted { $0.name < $1.name }
    }
}
