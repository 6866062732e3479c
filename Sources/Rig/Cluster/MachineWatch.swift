import Glibc
import Loop
import Synchronization

/// Whether this machine gives everybody a turn: a thread that does nothing but wake up every 10 ms, at the rig's own priority, and
/// sees how late it was. What an idle thread had to wait, a back had to wait too.
final class MachineWatch: Sendable {
    /// What it saw.
    struct Sight: Sendable {
        var wakeUps = 0
        /// Slots of a back of 20 ticks a second that passed while it was not woken.
        var lostSlots = 0
        var worstNanoseconds: UInt64 = 0
    }

    private static let stepNanoseconds: UInt64 = 10_000_000
    private static let slotNanoseconds: UInt64 = 50_000_000

    private let sight = Mutex(Sight())
    private let isOver = Atomic<Bool>(false)

    init() throws(LoopError) { _ = try LoopThread { [self] in run() } }

    /// What it saw until now.
    var seen: Sight { sight.withLock { $0 } }

    func stop() { isOver.store(true, ordering: .relaxed) }

    private func run() {
        var due = Wait.nowNanoseconds
        while !isOver.load(ordering: .relaxed) {
            due += Self.stepNanoseconds
            let before = Wait.nowNanoseconds
            if due > before { usleep(UInt32((due - before) / 1000)) }
            let now = Wait.nowNanoseconds
            let late = now > due ? now - due : 0
            sight.withLock { sight in
                sight.wakeUps += 1
                sight.lostSlots += Int(late / Self.slotNanoseconds)
                sight.worstNanoseconds = max(sight.worstNanoseconds, late)
            }
            if late > Self.stepNanoseconds { due = now }
        }
    }
}
