import Loop

/// What the conformance suite asks of a transport. The real loop is one; a simulated one only has to be added to
/// `TransportKind` to be held to the same rules.
protocol TransportUnderTest: AnyObject {
    /// Two ends of one new connection. `prepare` gets the connecting end before the connection stands; both stand when this
    /// returns.
    func connect(prepare: (any EndUnderTest) -> Void) throws -> (
        connecting: any EndUnderTest, accepted: any EndUnderTest
    )
    /// An end that tries to connect where nobody listens.
    func connectToNobody() throws -> any EndUnderTest
    /// Lets the transport work until the condition holds. Answers false when an overall bound has passed.
    func run(until condition: () -> Bool) throws -> Bool
    /// Lets it work for a few turns, for what should not happen to have its chance.
    func runAFewTurns() throws
    /// Ends the transport and with it every end left.
    func finish()
}

/// One end of a connection, with a log of every call its owner got.
protocol EndUnderTest: AnyObject {
    var log: EndLog { get }
    /// Runs after each call is logged, from inside it.
    var onEvent: ((any EndUnderTest, EndEvent) -> Void)? { get set }
    var queueLimitBytes: Int { get set }
    var highWatermarkBytes: Int { get set }
    var queuedByteCount: Int { get }
    var isBlocked: Bool { get }
    func offer(_ bytes: [UInt8]) -> Offer
    func offer(parts: [[UInt8]]) -> Offer
    func pauseReading()
    func resumeReading(sparingly: Bool)
    func close()
    func closeAfterWriting(lingerMilliseconds: UInt64)
    /// Ends at once and in a way that the other end sees as a broken connection.
    func reset()
}

extension TransportUnderTest {
    /// Lets the transport work until the condition holds; throws when it never does.
    func wait(_ condition: () -> Bool) throws {
        guard try run(until: condition) else { throw NeverHappened("what this test waits for") }
    }

    func connect() throws -> (connecting: any EndUnderTest, accepted: any EndUnderTest) { try connect { _ in } }
}

extension EndUnderTest {
    func closeAfterWriting() { closeAfterWriting(lingerMilliseconds: 2000) }
    func resumeReading() { resumeReading(sparingly: false) }
}

/// The kinds of call an owner gets.
enum EndEvent: CaseIterable { case opened, read, drained, closed }

/// What an end's owner was told.
struct EndLog {
    var openedCount = 0
    var drainedCount = 0
    var bytes: [UInt8] = []
    var ends: [StreamEnd] = []
    var emptyReadCount = 0
    /// Calls after `streamClosed`; there must be none.
    var lateCallCount = 0

    mutating func note(_ event: EndEvent) {
        if !ends.isEmpty { lateCallCount += 1 }
        switch event {
        case .opened: openedCount += 1
        case .drained: drainedCount += 1
        case .read, .closed: break
        }
    }

    var isOver: Bool { !ends.isEmpty }
    var failure: LoopError? {
        guard case .failed(let error)? = ends.first else { return nil }
        return error
    }
}
