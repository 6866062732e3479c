import Core

/// The one clock of a simulated world and all that waits for it: events in order of their time, and of being scheduled where
/// times are equal. Nothing else moves time, so a world does the same from the same seed.
package final class Scheduler {
    /// What a process that is dead or stalled makes of an event of its own.
    enum Nature {
        /// The process itself acts: dropped when it is dead, late when it is stalled.
        case program
        /// Its kernel acts: late when the process is stalled, which stands for a program that does not look, and done even
        /// when the process is dead.
        case kernel
    }

    /// Where an event stands in the heap. It holds no reference, so that moving it about costs nothing.
    private struct Turn {
        let at: Instant
        let order: UInt64
        let slot: Int
    }

    private struct Event {
        let process: SimulatedProcess?
        let nature: Nature
        let body: () -> Void
    }

    /// The world's time. Each process has a clock of its own, some way off.
    package private(set) var now = Instant(nanoseconds: 1_000_000_000_000)
    /// How many events have run.
    package private(set) var eventCount: UInt64 = 0
    private var heap: [Turn] = []
    private var events: [Event?] = []
    private var freeSlots: [Int] = []
    private var lastOrder: UInt64 = 0

    package init() {}

    /// Runs `body` at a time, or now if that is over.
    func at(
        _ when: Instant, for process: SimulatedProcess? = nil, _ nature: Nature = .program, _ body: @escaping () -> Void
    ) {
        lastOrder += 1
        let event = Event(process: process, nature: nature, body: body)
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            events[slot] = event
        } else {
            slot = events.count
            events.append(event)
        }
        push(Turn(at: max(when, now), order: lastOrder, slot: slot))
    }

    func after(
        _ wait: Duration, for process: SimulatedProcess? = nil, _ nature: Nature = .program,
        _ body: @escaping () -> Void
    ) { at(now + wait, for: process, nature, body) }

    /// When the next event is due; nil if there is none.
    var nextAt: Instant? { heap.first?.at }

    /// Runs the next event. False if there is none.
    @discardableResult
    package func step() -> Bool {
        guard let turn = pop() else { return false }
        now = turn.at
        guard let event = events[turn.slot].take() else { return true }
        freeSlots.append(turn.slot)
        if let process = event.process {
            if !process.isAlive {
                guard event.nature == .kernel else { return true }
            } else if let until = process.stalledUntil, until > now {
                at(until, for: process, event.nature, event.body)
                return true
            }
        }
        eventCount += 1
        event.body()
        return true
    }

    /// Forgets everything, and lets go of whom the events held.
    func finish() {
        heap = []
        events = []
        freeSlots = []
    }

    private static func isBefore(_ one: Turn, _ other: Turn) -> Bool {
        one.at == other.at ? one.order < other.order : one.at < other.at
    }

    private func push(_ turn: Turn) {
        heap.append(turn)
        var place = heap.count - 1
        while place > 0 {
            let above = (place - 1) / 2
            guard Self.isBefore(heap[place], heap[above]) else { return }
            heap.swapAt(place, above)
            place = above
        }
    }

    private func pop() -> Turn? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for below in [2 * place + 1, 2 * place + 2] where below < heap.count {
                if Self.isBefore(heap[below], heap[least]) { least = below }
            }
            guard least != place else { return first }
            heap.swapAt(place, least)
            place = least
        }
    }
}
