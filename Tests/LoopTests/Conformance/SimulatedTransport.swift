import Loop
import Simulation

/// The simulator's network, held to the same rules as real sockets.
final class SimulatedTransport: TransportUnderTest {
    private let scheduler = Scheduler()
    private let network: SimulatedNetwork
    private static let address = "listener"
    /// No test needs more events than this.
    private static let eventLimit = 5_000_000

    init() { network = SimulatedNetwork(scheduler: scheduler, seed: 1) }

    func connect(prepare: (any EndUnderTest) -> Void) throws -> (
        connecting: any EndUnderTest, accepted: any EndUnderTest
    ) {
        let connecting = SimulatedEndUnderTest()
        let accepted = SimulatedEndUnderTest()
        network.listen(at: Self.address, by: nil) { make in accepted.stream = make(accepted) }
        connecting.stream = network.connect(to: Self.address, by: nil, owner: connecting)
        prepare(connecting)
        guard try run(until: { connecting.log.openedCount > 0 && accepted.stream != nil }) else {
            throw NeverHappened("an opened connection")
        }
        return (connecting, accepted)
    }

    func connectToNobody() throws -> any EndUnderTest {
        let end = SimulatedEndUnderTest()
        end.stream = network.connect(to: "nobody", by: nil, owner: end)
        return end
    }

    func run(until condition: () -> Bool) throws -> Bool {
        for _ in 0..<Self.eventLimit {
            if condition() { return true }
            guard scheduler.step() else { return condition() }
        }
        return false
    }

    func runAFewTurns() throws {
        for _ in 0..<20 { _ = scheduler.step() }
    }

    func finish() { network.finish() }
}

/// One simulated stream and the log of its owner.
final class SimulatedEndUnderTest: EndUnderTest, SimulatedStreamOwner {
    var stream: SimulatedStream?
    var log = EndLog()
    var onEvent: ((any EndUnderTest, EndEvent) -> Void)?

    var queueLimitBytes: Int {
        get { stream?.queueLimitBytes ?? 0 }
        set { stream?.queueLimitBytes = newValue }
    }
    var highWatermarkBytes: Int {
        get { stream?.highWatermarkBytes ?? 0 }
        set { stream?.highWatermarkBytes = newValue }
    }
    var queuedByteCount: Int { stream?.queuedByteCount ?? 0 }
    var isBlocked: Bool { stream?.isBlocked ?? false }

    func offer(_ bytes: [UInt8]) -> Offer {
        switch stream?.offer(bytes) {
        case .sent: .sent
        case .queued: .queued
        case .queuedPauseNow: .queuedPauseNow
        case .refusedFull, nil: .refusedFull
        }
    }
    func offer(parts: [[UInt8]]) -> Offer { offer(parts.flatMap { $0 }) }
    func pauseReading() { stream?.pauseReading() }
    func resumeReading(sparingly: Bool) { stream?.resumeReading(sparingly: sparingly) }
    func close() { stream?.close() }
    func closeAfterWriting(lingerMilliseconds: UInt64) {
        stream?.closeAfterWriting(linger: .milliseconds(Int64(lingerMilliseconds)))
    }
    func reset() { stream?.reset() }

    func streamOpened(_ stream: SimulatedStream) { note(.opened) }
    func streamRead(_ stream: SimulatedStream, _ bytes: inout [UInt8]) {
        log.bytes.append(contentsOf: bytes)
        if bytes.isEmpty { log.emptyReadCount += 1 }
        note(.read)
    }
    func streamDrained(_ stream: SimulatedStream) { note(.drained) }
    func streamClosed(_ stream: SimulatedStream, _ end: SimulatedEnd) {
        note(.closed)
        let told: StreamEnd =
            switch end {
            case .ended: .ended
            case .closedByUs: .closedByUs
            case .refused: .failed(LoopError("connect", code: -111))
            case .reset: .failed(LoopError("read", code: -104))
            }
        log.ends.append(told)
        onEvent?(self, .closed)
    }

    private func note(_ event: EndEvent) {
        log.note(event)
        if event != .closed { onEvent?(self, event) }
    }
}
