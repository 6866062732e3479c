import Loop
import Testing

@Suite("Many streams that end at once")
struct ClosingTests {
    private final class Owner: StreamOwner {
        var closedCount = 0
        /// How many ends each turn told.
        var turns: [Int] = []
        private var told = 0

        func turnEnded() {
            turns.append(closedCount - told)
            told = closedCount
        }

        func streamOpened(_ stream: Loop.Stream) {}
        func streamRead(_ stream: Loop.Stream, _ bytes: UnsafeRawBufferPointer) {}
        func streamDrained(_ stream: Loop.Stream) {}
        func streamClosed(_ stream: Loop.Stream, _ end: StreamEnd) { closedCount += 1 }
    }

    private static let streamCount = 5 * EventLoop.closesPerTurn

    private static func streams(_ loop: EventLoop, _ owner: Owner) throws -> (ours: [Loop.Stream], theirs: [Int32]) {
        let pairs = try (0..<streamCount).map { _ in try Descriptors.socketPair() }
        return (try pairs.map { try Loop.Stream(accepted: $0.0, on: loop, owner: owner) }, pairs.map(\.1))
    }

    @Test("Each is told its end once, a bounded number of them a turn, whoever ended them", arguments: [true, false])
    func bounded(endedByPeers: Bool) throws {
        let loop = try EventLoop()
        let owner = Owner()
        loop.onTurnEnd { owner.turnEnded() }
        let (ours, theirs) = try Self.streams(loop, owner)
        if endedByPeers {
            for descriptor in theirs { Descriptors.close(descriptor) }
        } else {
            for stream in ours { stream.close() }
            #expect(loop.closingCount == Self.streamCount - EventLoop.closesPerTurn)
            for stream in ours { stream.close() }
        }
        let areClosed = try loop.runTurns(
            until: { owner.closedCount == Self.streamCount && loop.closingCount == 0 }, withinMilliseconds: 10_000)
        #expect(areClosed)
        // The turns end when the last is told.
        owner.turnEnded()
        #expect(owner.turns.allSatisfy { $0 <= 2 * EventLoop.closesPerTurn }, "\(owner.turns)")
        #expect(ours.allSatisfy { $0.descriptor == -1 && !$0.isOpen })
        if !endedByPeers { for descriptor in theirs { Descriptors.close(descriptor) } }
    }

    @Test("A loop that ends closes those that wait as well, each told once")
    func endOfTheLoop() throws {
        let owner = Owner()
        let loop = try EventLoop()
        let (ours, theirs) = try Self.streams(loop, owner)
        for stream in ours { stream.close() }
        loop.stop()
        loop.run()
        #expect(owner.closedCount == Self.streamCount && loop.closingCount == 0)
        #expect(ours.allSatisfy { $0.descriptor == -1 })
        for descriptor in theirs { Descriptors.close(descriptor) }
    }
}
