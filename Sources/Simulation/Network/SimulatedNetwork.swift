import Core
import State

/// Every connection between the processes of a simulated world, and the addresses at which they listen.
///
/// How long bytes take, how reads are cut and joined, and how much a kernel holds follow from the network's own dice and the
/// nature of the connection. What breaks is broken from outside, by `Faults`.
package final class SimulatedNetwork {
    /// Whoever listens at an address.
    final class Listener {
        let address: String
        /// Processes that hold the socket and what each does with a connection. One of them gets it.
        var takers:
            [(process: SimulatedProcess?, accept: (_ stream: (any SimulatedStreamOwner) -> SimulatedStream) -> Void)] =
                []
        init(_ address: String) { self.address = address }
    }

    package let scheduler: Scheduler
    var conditions: NetworkConditions
    private var dice: Dice
    private var listeners: [String: Listener] = [:]
    /// Every stream there was, to be let go of at the end: both ends of a connection hold each other.
    private var streams: [SimulatedStream] = []
    private var wireCount: UInt64 = 0

    package init(scheduler: Scheduler, conditions: NetworkConditions = .calm, seed: UInt64) {
        self.scheduler = scheduler
        self.conditions = conditions
        dice = Dice(seed: seed)
    }

    // MARK: Addresses

    /// Adds a process to those who take connections at `address`. `accept` is called for each with a way to make its end.
    package func listen(
        at address: String, by process: SimulatedProcess?,
        accept: @escaping (_ stream: (any SimulatedStreamOwner) -> SimulatedStream) -> Void
    ) {
        let listener = listeners[address] ?? Listener(address)
        listeners[address] = listener
        listener.takers.append((process, accept))
    }

    /// The process no longer takes connections there.
    func stopListening(at address: String, by process: SimulatedProcess) {
        listeners[address]?.takers.removeAll { $0.process === process }
    }

    func stopListening(by process: SimulatedProcess) {
        for address in listeners.keys.sorted() { stopListening(at: address, by: process) }
    }

    func isListening(at address: String) -> Bool { !(listeners[address]?.takers.isEmpty ?? true) }

    // MARK: Connections

    /// Begins to connect. The owner hears `streamOpened`, or `streamClosed` with `.refused`.
    package func connect(
        to address: String, by process: SimulatedProcess?, owner: any SimulatedStreamOwner, path: Path = .near
    ) -> SimulatedStream {
        let stream = SimulatedStream(self, process, owner: owner, .connecting)
        streams.append(stream)
        let latency = conditions.latency(path, &dice)
        let wait = latency + conditions.connectDelay(&dice)
        scheduler.after(wait) { [weak self, weak stream] in
            guard let self, let stream else { return }
            self.arrive(stream, at: address, latency)
        }
        return stream
    }

    private func arrive(_ stream: SimulatedStream, at address: String, _ latency: Duration) {
        guard !stream.isClosed else { return }
        let takers = listeners[address]?.takers ?? []
        guard !takers.isEmpty else {
            scheduler.after(latency, for: stream.process) { stream.refused() }
            return
        }
        let taker = takers[Int(dice.next() % UInt64(takers.count))]
        scheduler.at(scheduler.now, for: taker.process, .kernel) { [weak self] in
            guard let self, !stream.isClosed else { return }
            guard taker.process?.isAlive ?? true else {
                // It was in the queue of a process that is gone; another holder of the socket takes it.
                return self.arrive(stream, at: address, latency)
            }
            taker.accept { owner in self.join(stream, taker.process, owner, latency) }
        }
    }

    private func join(
        _ stream: SimulatedStream, _ process: SimulatedProcess?, _ owner: any SimulatedStreamOwner,
        _ latency: Duration
    ) -> SimulatedStream {
        let accepted = SimulatedStream(self, process, owner: owner, .open)
        streams.append(accepted)
        let capacity = conditions.capacity(&dice)
        wireCount += 2
        let up = Wire(number: wireCount, from: stream, to: accepted, capacity: capacity, latency: latency)
        let down = Wire(number: wireCount + 1, from: accepted, to: stream, capacity: capacity, latency: latency)
        accepted.join(down, up)
        scheduler.after(latency, for: stream.process, .kernel) { [self] in
            guard !stream.isClosed else {
                // It gave up meanwhile.
                stream.join(up, down)
                up.finish(.reset, now: scheduler.now)
                return accepted.scheduleRead(up)
            }
            stream.connected(up, down)
            stream.scheduleRead(down)
        }
        return accepted
    }

    /// Ends every stream that is left, and forgets all of them.
    package func finish() {
        for stream in streams { stream.close() }
        while scheduler.step() {}
        release()
    }

    /// Forgets every stream without a word.
    func release() {
        for stream in streams { stream.forget() }
        streams = []
        listeners = [:]
    }

    // MARK: Chance

    func readSize(_ available: Int, _ stream: SimulatedStream) -> Int { conditions.readSize(available, &dice) }
    func writeSize(_ room: Int, _ stream: SimulatedStream) -> Int { conditions.writeSize(room, &dice) }
    func delay(_ stream: SimulatedStream) -> Duration { conditions.jitter(&dice) }
}
