import Loop
import Testing

/// What every transport owes to bytes: all of them, in order, once, and the end behind them.
@Suite(.serialized) struct DeliveryConformance {
    @Test(
        "Bytes arrive whole and in order however they are split",
        arguments: TransportKind.allCases,
        [(1, 3_000), (7, 30_000), (4096, 900_000), (65_536, 4_000_000), (3_000_001, 9_000_003)])
    func split(_ kind: TransportKind, _ sizes: (chunk: Int, total: Int)) throws {
        try withTransport(kind) { transport, sender, receiver in
            let expected = pattern(sizes.total)
            var offered = 0
            sender.onEvent = { _, event in if event == .drained { send() } }
            func send() {
                while offered < expected.count {
                    let next = min(offered + sizes.chunk, expected.count)
                    switch sender.offer(Array(expected[offered..<next])) {
                    case .sent, .queued: offered = next
                    case .queuedPauseNow: offered = next; return
                    case .refusedFull: return
                    }
                }
            }
            send()
            try transport.wait { receiver.log.bytes.count >= expected.count }
            #expect(same(receiver.log.bytes, expected))
            #expect(receiver.log.emptyReadCount == 0)
        }
    }

    @Test(
        "Gathered parts arrive as one, empty ones and more than one call holds included",
        arguments: TransportKind.allCases)
    func gathered(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            let parts = (0..<300).map { pattern($0 % 5 * 37, from: $0 * 1000) } + [[], pattern(500_000), []]
            #expect(sender.offer(parts: parts) != .refusedFull)
            let expected = parts.flatMap { $0 }
            try transport.wait { receiver.log.bytes.count >= expected.count }
            #expect(same(receiver.log.bytes, expected))
            #expect(sender.offer(parts: []) == .sent)
            #expect(sender.offer(parts: [[], []]) == .sent)
        }
    }

    @Test("Offers made before the connection stands arrive first", arguments: TransportKind.allCases)
    func early(_ kind: TransportKind) throws {
        let transport = try kind.make()
        defer { transport.finish() }
        let (sender, receiver) = try transport.connect { #expect($0.offer([1, 2]) == .queued) }
        #expect(sender.offer([3]) == .sent || sender.isBlocked)
        try transport.wait { receiver.log.bytes == [1, 2, 3] }
        #expect(sender.log.openedCount == 1)
        #expect(receiver.log.openedCount == 0)
    }

    @Test("The peer's end comes after the last byte", arguments: TransportKind.allCases)
    func endAfterData(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            let expected = pattern(5_000_000)
            #expect(sender.offer(expected) == .queuedPauseNow)
            sender.closeAfterWriting()
            receiver.onEvent = { end, event in
                if event == .closed { #expect(end.log.bytes.count == expected.count) }
            }
            try transport.wait { receiver.log.isOver && sender.log.isOver }
            #expect(same(receiver.log.bytes, expected))
            #expect(receiver.log.ends == [.ended])
            #expect(sender.log.ends == [.closedByUs])
        }
    }

    @Test(
        "Closing after writing delivers everything to a peer that is still sending", arguments: TransportKind.allCases)
    func endWhileFlooded(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            let noise = pattern(100_000)
            func flood() { while receiver.offer(noise) == .sent {} }
            receiver.onEvent = { _, event in if event == .drained || event == .read { flood() } }
            flood()
            try transport.runAFewTurns()
            let expected = pattern(2_000_000)
            #expect(sender.offer(expected) != .refusedFull)
            sender.closeAfterWriting()
            try transport.wait { receiver.log.isOver && sender.log.isOver }
            #expect(same(receiver.log.bytes, expected))
            #expect(receiver.log.ends == [.ended])
            #expect(sender.log.ends == [.closedByUs])
        }
    }

    @Test(
        "Both directions, random sizes, pauses and resumes: nothing is lost", arguments: TransportKind.allCases, 1...4)
    func random(_ kind: TransportKind, _ seed: Int) throws {
        try withTransport(kind) { transport, left, right in
            var dice = SeededGenerator(state: UInt64(seed))
            let ends = [left, right]
            var sent: [[UInt8]] = [[], []]
            for end in ends {
                end.queueLimitBytes = 300_000
                end.highWatermarkBytes = 50_000
            }
            for _ in 0..<400 {
                let side = Int.random(in: 0...1, using: &dice)
                switch Int.random(in: 0..<10, using: &dice) {
                case 0: ends[side].pauseReading()
                case 1, 2: ends[side].resumeReading()
                case 3: try transport.runAFewTurns()
                default:
                    let bytes = pattern(1 << Int.random(in: 0...17, using: &dice), from: sent[side].count)
                    if ends[side].offer(bytes) != .refusedFull { sent[side] += bytes }
                }
            }
            for end in ends { end.resumeReading() }
            let arrived = try transport.run {
                left.log.bytes.count >= sent[1].count && right.log.bytes.count >= sent[0].count
            }
            #expect(arrived && same(left.log.bytes, sent[1]) && same(right.log.bytes, sent[0]), "seed \(seed)")
        }
    }
}

/// Runs a body with the two ends of a connection, ends everything, and checks what holds for every log there is.
func withTransport(
    _ kind: TransportKind, _ body: (any TransportUnderTest, any EndUnderTest, any EndUnderTest) throws -> Void
) throws {
    let transport = try kind.make()
    let (first, second) = try transport.connect()
    do {
        try body(transport, first, second)
    } catch {
        transport.finish()
        throw error
    }
    first.onEvent = nil
    second.onEvent = nil
    transport.finish()
    for end in [first, second] {
        #expect(end.log.ends.count == 1, "the end is told exactly once")
        #expect(end.log.lateCallCount == 0, "nothing is called after the end")
    }
}
