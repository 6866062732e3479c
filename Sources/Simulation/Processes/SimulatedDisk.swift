import Core

/// What outlives every process: the hub's state folder and its runtime folder.
final class SimulatedDisk {
    /// The epochs of the last reign, as `epochs.json` has them.
    private(set) var ledger = EpochLedger()
    /// The live processes, as `processes.json` has them.
    private(set) var processes: [ProcessRecord] = []

    /// The ledger of a new reign, synced before it is answered.
    func beginReign() -> EpochLedger {
        ledger = ledger.nextReign()
        return ledger
    }

    func record(_ ledger: EpochLedger) { self.ledger = ledger }
    func save(_ table: [ProcessRecord]) { processes = table }
}
