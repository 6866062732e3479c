import Loop
import Testing

/// What every transport owes to the end of a connection, whoever brings it about.
@Suite(.serialized) struct EndConformance {
    @Test("Connecting to nobody fails once, and never opens", arguments: TransportKind.allCases)
    func nobody(_ kind: TransportKind) throws {
        let transport = try kind.make()
        defer { transport.finish() }
        let end = try transport.connectToNobody()
        _ = end.offer([1])
        #expect(!end.log.isOver, "the end is never told from inside a call")
        try transport.wait { end.log.isOver }
        try transport.runAFewTurns()
        #expect(end.log.ends.count == 1)
        #expect(end.log.failure?.isRefused == true)
        #expect(end.log.openedCount == 0)
        #expect(end.offer([1]) == .refusedFull)
    }

    @Test("Close is told once, after the call, and takes no more offers", arguments: TransportKind.allCases)
    func close(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, end, peer in
            end.close()
            end.close()
            end.closeAfterWriting()
            end.pauseReading()
            end.resumeReading()
            #expect(!end.log.isOver)
            #expect(end.offer([1]) == .refusedFull)
            try transport.wait { end.log.isOver && peer.log.isOver }
            #expect(end.log.ends == [.closedByUs])
            #expect(peer.log.ends == [.ended])
        }
    }

    @Test("Closing while connecting never opens", arguments: TransportKind.allCases)
    func closeWhileConnecting(_ kind: TransportKind) throws {
        let transport = try kind.make()
        defer { transport.finish() }
        let end = try transport.connectToNobody()
        end.close()
        try transport.wait { end.log.isOver }
        #expect(end.log.openedCount == 0)
        #expect(end.log.ends.count == 1)
    }

    @Test(
        "Closing inside any callback is safe and silences the stream", arguments: TransportKind.allCases,
        EndEvent.allCases)
    func closeInside(_ kind: TransportKind, _ event: EndEvent) throws {
        let transport = try kind.make()
        var eventsAfterClose = 0
        var didClose = false
        let (end, peer) = try transport.connect { end in
            end.onEvent = { end, now in
                if didClose, now != .closed { eventsAfterClose += 1 }
                guard now == event else { return }
                didClose = true
                end.close()
                _ = end.offer([9])
                end.resumeReading()
            }
            _ = end.offer(pattern(1_000_000))
        }
        _ = peer.offer(pattern(1_000_000))
        if event == .closed { peer.close() }
        try transport.wait { end.log.isOver && peer.log.isOver }
        #expect(end.log.ends.count == 1)
        #expect(eventsAfterClose == 0)
        #expect(end.log.lateCallCount == 0)
        transport.finish()
    }

    @Test("A reset peer is a failure", arguments: TransportKind.allCases)
    func reset(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, end, peer in
            peer.pauseReading()
            #expect(end.offer([1, 2, 3]) == .sent)
            try transport.runAFewTurns()
            peer.reset()
            try transport.wait { end.log.isOver }
            #expect(end.log.failure?.isReset == true)
        }
    }

    @Test(
        "What arrived before a reset is read before the failure is told, though a write fails first",
        arguments: TransportKind.allCases, ["read first", "write first", "paused"])
    func dataBeforeReset(_ kind: TransportKind, _ order: String) throws {
        try withTransport(kind) { transport, end, peer in
            let expected = pattern(20_000)
            peer.pauseReading()
            end.pauseReading()
            #expect(end.offer([1]) == .sent)
            #expect(peer.offer(expected) == .sent)
            try transport.runAFewTurns()
            peer.reset()
            if order == "paused" { try transport.runAFewTurns() }
            #expect(end.log.bytes.isEmpty)
            end.resumeReading()
            if order == "write first" { _ = end.offer([2]); _ = end.offer([3]) }
            try transport.wait { end.log.isOver }
            #expect(same(end.log.bytes, expected))
            #expect(end.log.failure?.isReset == true)
        }
    }

    @Test(
        "Closing after writing to a peer that never reads ends at the linger bound", arguments: TransportKind.allCases)
    func linger(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, sender, receiver in
            receiver.pauseReading()
            #expect(sender.offer(pattern(12_000_000)) == .queuedPauseNow)
            sender.closeAfterWriting(lingerMilliseconds: 30)
            #expect(sender.offer([1]) == .refusedFull)
            try transport.wait { sender.log.isOver }
            #expect(sender.log.ends == [.closedByUs])
            #expect(sender.log.drainedCount == 0)
        }
    }

    @Test("After closing by and by nothing is read any more", arguments: TransportKind.allCases)
    func closingReadsNothing(_ kind: TransportKind) throws {
        try withTransport(kind) { transport, end, peer in
            end.closeAfterWriting()
            _ = peer.offer([1, 2, 3])
            try transport.wait { end.log.isOver && peer.log.isOver }
            #expect(end.log.bytes.isEmpty)
        }
    }

    @Test("The end of the transport closes what is left", arguments: TransportKind.allCases)
    func transportEnds(_ kind: TransportKind) throws {
        let transport = try kind.make()
        let (left, right) = try transport.connect()
        transport.finish()
        #expect(left.log.ends == [.closedByUs])
        #expect(right.log.ends == [.closedByUs])
    }
}
