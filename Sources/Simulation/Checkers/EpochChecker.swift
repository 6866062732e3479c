import Core

/// G5: at most one back acts for a name. Epochs and terms are granted once and only grow, a process is not started while its
/// forerunner lives, and a front that has seen an epoch or a term takes nothing from a lower one.
final class EpochChecker {
    private unowned let world: World
    private var highestTerm: UInt32 = 0
    private var highestGranted = Epoch(rawValue: 0)
    /// By front's pid, then back's name: the highest epoch that the front took or was told of.
    private var seenBy: [Int32: [String: Epoch]] = [:]
    /// By front's pid: the highest term of a hub that it listened to.
    private var termOf: [Int32: UInt32] = [:]

    init(_ world: World) { self.world = world }

    func reignBegan(_ term: UInt32) {
        if term <= highestTerm { world.fail(.g5, "term \(term) begins after \(highestTerm)") }
        highestTerm = max(highestTerm, term)
    }

    /// The hub starts a process.
    func spawned(_ name: String, _ epoch: Epoch?) {
        let living = world.table.living(named: name).filter { !world.isGhost($0) }
        if !living.isEmpty { world.fail(.g5, "\(name) is started while process \(living[0].pid) of that name lives") }
        guard let epoch else { return }
        if epoch <= highestGranted {
            world.fail(.g5, "epoch \(epoch) is granted to \(name) after \(highestGranted)")
        }
        highestGranted = max(highestGranted, epoch)
    }

    /// A hub has told a front which backs there are; the front took it or not.
    func told(_ front: SimulatedFront, _ message: DirectoryMessage, isTaken: Bool) {
        let highest = termOf[front.pid] ?? 0
        if isTaken != (message.term >= highest) {
            world.fail(.g5, "\(front.name) was told of term \(message.term) after \(highest), taken: \(isTaken)")
        }
        termOf[front.pid] = max(highest, message.term)
        guard isTaken else { return }
        for entry in message.directory.backs { saw(entry.epoch, of: entry.name, front) }
    }

    private func saw(_ epoch: Epoch, of back: String, _ front: SimulatedFront) {
        let highest = seenBy[front.pid]?[back] ?? epoch
        seenBy[front.pid, default: [:]][back] = max(highest, epoch)
    }

    /// A front has done something: does it talk to a back that is over?
    func look(at front: SimulatedFront) {
        let open = front.core.openBacks
        guard !open.isEmpty else { return }
        for stream in front.trunks.open {
            guard stream.isStanding, let back = stream.peer?.process as? SimulatedBack,
                open.contains(where: { $0.name == back.name }), isNewest(stream, back, front)
            else { continue }
            if let seen = seenBy[front.pid]?[back.name], back.epoch < seen {
                world.fail(.g5, "\(front.name) talks to \(back.name) of epoch \(back.epoch) after it saw \(seen)")
            }
            saw(back.epoch, of: back.name, front)
        }
    }

    /// A trunk that is closing may still stand beside the one that took its place.
    private func isNewest(_ stream: SimulatedStream, _ back: SimulatedBack, _ front: SimulatedFront) -> Bool {
        let same = front.trunks.open.last { ($0.peer?.process as? SimulatedBack)?.name == back.name }
        return same === stream
    }
}
