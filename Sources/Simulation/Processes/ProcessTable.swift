import Core

/// All processes of a simulated machine: who lives, who waits for whose end, and what signals do.
final class ProcessTable {
    private let scheduler: Scheduler
    private var processes: [Int32: SimulatedProcess] = [:]
    private var watchers: [Int32: [() -> Void]] = [:]
    private var lastPid: Int32 = 100
    /// Processes that live although everybody was told that they do not.
    private var declaredGone: Set<Int32> = []

    init(_ scheduler: Scheduler) { self.scheduler = scheduler }

    func newPid() -> Int32 {
        lastPid += 1
        return lastPid
    }

    /// Adds a process. `onExit` is told of its end a moment later, as a parent is.
    func add(_ process: SimulatedProcess, onExit: ((ProcessExit) -> Void)? = nil) {
        processes[process.pid] = process
        process.onExit = { [weak self, scheduler] exit in
            scheduler.after(.microseconds(300)) {
                onExit?(exit)
                for watcher in self?.watchers.removeValue(forKey: process.pid) ?? [] { watcher() }
            }
        }
    }

    func declareGone(_ process: SimulatedProcess) { declaredGone.insert(process.pid) }

    func isAlive(_ record: ProcessRecord) -> Bool {
        guard !declaredGone.contains(record.pid) else { return false }
        return processes[record.pid].map { $0.isAlive && $0.startTime == record.startTime } ?? false
    }

    /// Calls `body` when the process is gone, at once if it is gone already.
    func watch(_ record: ProcessRecord, _ body: @escaping () -> Void) {
        guard isAlive(record) else { return scheduler.after(.microseconds(100)) { body() } }
        watchers[record.pid, default: []].append(body)
    }

    func signal(_ pid: Int32, _ signal: ProcessSignal) {
        guard let process = processes[pid], process.isAlive else { return }
        switch signal {
        case .kill: process.crash()
        case .terminate:
            scheduler.after(.microseconds(200), for: process) {
                (process as? SimulatedBack)?.stop()
                (process as? SimulatedFront)?.stop()
            }
        }
    }

    /// Everyone alive, by pid.
    var alive: [SimulatedProcess] { processes.values.filter(\.isAlive).sorted { $0.pid < $1.pid } }
    /// Hub, fronts and backs.
    var nodes: [SimulatedProcess] {
        alive.filter { $0 is SimulatedHub || $0 is SimulatedFront || $0 is SimulatedBack }
    }
    var fronts: [SimulatedFront] { byPid(processes.values.lazy.compactMap { $0 as? SimulatedFront }) }
    var backs: [SimulatedBack] { byPid(processes.values.lazy.compactMap { $0 as? SimulatedBack }) }
    var hub: SimulatedHub? { alive.lazy.compactMap { $0 as? SimulatedHub }.first }

    private func byPid<P: SimulatedProcess>(_ found: some Sequence<P>) -> [P] {
        found.filter(\.isAlive).sorted { $0.pid < $1.pid }
    }

    /// Whether a process of that name lives.
    func living(named name: String) -> [SimulatedProcess] { alive.filter { $0.name == name } }

    func release() {
        for process in processes.values { process.release() }
        processes = [:]
        watchers = [:]
    }
}
