import Loop
import Testing

/// What every transport owes to a sender that is too fast and a reader that is too slow.
@Suite(.serialized) struct PressureConformance {
    @Test("A paused reader receives nothing and loses nothing", arguments: TransportKind.allCases)
    func paused(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            receiver.pauseReading()
            let expected = pattern(12_000_000)
            #expect(sender.offer(expected) == .queuedPauseNow)
            try transport.runAFewTurns()
            #expect(receiver.log.bytes.isEmpty)
            #expect(sender.isBlocked)
            #expect(sender.log.drainedCount == 0)
            receiver.resumeReading()
            try transport.wait { receiver.log.bytes.count >= expected.count }
            #expect(same(receiver.log.bytes, expected))
        }
    }

    @Test(
        "A reader that resumes sparingly gets 4 KiB a read until nothing is left, and then as much as there is",
        arguments: TransportKind.allCases)
    func sparing(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            var sizes: [Int] = []
            var known = 0
            receiver.onEvent = { end, event in
                guard event == .read else { return }
                sizes.append(end.log.bytes.count - known)
                known = end.log.bytes.count
            }
            receiver.pauseReading()
            // More than one usual read, and not a multiple of 4 KiB.
            let first = pattern(100_001)
            _ = sender.offer(first)
            try transport.runAFewTurns()
            receiver.resumeReading(sparingly: true)
            try transport.wait { receiver.log.bytes.count >= first.count }
            #expect(sizes.allSatisfy { $0 <= 4096 }, "\(sizes)")
            sizes = []
            let second = pattern(2_000_000, from: first.count)
            _ = sender.offer(second)
            try transport.wait { receiver.log.bytes.count >= first.count + second.count }
            #expect(same(receiver.log.bytes, first + second))
            #expect(sizes.contains { $0 > 4096 }, "\(sizes)")
        }
    }

    @Test("Pausing inside a read ends the reads until resumed", arguments: TransportKind.allCases)
    func pausedInside(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            var readCount = 0
            receiver.onEvent = { end, event in
                guard event == .read else { return }
                readCount += 1
                end.pauseReading()
            }
            let expected = pattern(600_000)
            _ = sender.offer(expected)
            try transport.wait { readCount == 1 }
            try transport.runAFewTurns()
            #expect(readCount == 1)
            while receiver.log.bytes.count < expected.count {
                let before = readCount
                receiver.resumeReading()
                guard try transport.run(until: { readCount > before }) else { break }
                #expect(readCount == before + 1)
            }
            #expect(same(receiver.log.bytes, expected))
        }
    }

    @Test("A full queue refuses whole offers and takes nothing of them", arguments: TransportKind.allCases)
    func full(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            receiver.pauseReading()
            sender.queueLimitBytes = 200_000
            sender.highWatermarkBytes = 100_000
            var expected: [UInt8] = []
            var answers: Set<Offer> = []
            var last = Offer.sent
            repeat {
                let bytes = pattern(30_000, from: expected.count)
                let before = sender.queuedByteCount
                last = sender.offer(bytes)
                answers.insert(last)
                switch last {
                case .sent: #expect(sender.queuedByteCount == 0)
                case .queued: #expect((1...100_000).contains(sender.queuedByteCount))
                case .queuedPauseNow: #expect((100_001...200_000).contains(sender.queuedByteCount))
                case .refusedFull: #expect(sender.queuedByteCount == before)
                }
                if last != .refusedFull { expected += bytes }
            } while last != .refusedFull
            #expect(answers == [.sent, .queued, .queuedPauseNow, .refusedFull])
            receiver.resumeReading()
            try transport.wait { sender.log.drainedCount > 0 && receiver.log.bytes.count >= expected.count }
            #expect(same(receiver.log.bytes, expected))
            #expect(sender.offer([1]) == .sent)
        }
    }

    @Test("An offer above the limit is refused even when nothing waits", arguments: TransportKind.allCases)
    func overLimit(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            sender.queueLimitBytes = 10
            #expect(sender.offer(pattern(11)) == .refusedFull)
            #expect(sender.offer(pattern(10)) == .sent)
            try transport.wait { receiver.log.bytes.count >= 10 }
            #expect(receiver.log.bytes == pattern(10))
        }
    }

    @Test(
        "Drained is told once for each time the queue empties, and not for what was sent at once",
        arguments: TransportKind.allCases)
    func drained(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            #expect(sender.offer([1]) == .sent)
            try transport.runAFewTurns()
            #expect(sender.log.drainedCount == 0)
            for round in 1...3 {
                receiver.pauseReading()
                while sender.offer(pattern(100_000)) == .sent {}
                #expect(sender.offer([2]) == .queued)
                receiver.resumeReading()
                try transport.wait { sender.log.drainedCount > 0 && !sender.isBlocked }
                try transport.runAFewTurns()
                #expect(sender.log.drainedCount == round)
            }
        }
    }

    @Test("An owner may offer, and so block again, inside drained", arguments: TransportKind.allCases)
    func offerInsideDrained(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            var expected: [UInt8] = []
            var rounds = 0
            func fill(_ end: any EndUnderTest) {
                let bytes = pattern(7_000_000, from: expected.count)
                if end.offer(bytes) != .refusedFull { expected += bytes }
                rounds += 1
            }
            sender.onEvent = { end, event in if event == .drained, rounds < 3 { fill(end) } }
            fill(sender)
            try transport.wait { rounds == 3 && !sender.isBlocked && receiver.log.bytes.count >= expected.count }
            #expect(same(receiver.log.bytes, expected))
            #expect(sender.log.drainedCount == 3)
        }
    }
}
