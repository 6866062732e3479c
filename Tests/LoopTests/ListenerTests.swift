import Glibc
import Synchronization
import Testing
import Loop

@Suite struct ListenerTests {
    @Test("A listener tells its real port, and its address is in use", arguments: ["127.0.0.1:0", "[::1]:0"])
    func port(_ text: String) throws {
        let listener = try ListeningSocket.bind(try #require(SocketAddress(text)))
        #expect((listener.address.port ?? 0) != 0)
        let error = #expect(throws: LoopError.self) { _ = try ListeningSocket.bind(listener.address) }
        #expect(error?.isAddressInUse == true)
        #expect(error?.name == "EADDRINUSE")
    }

    @Test("A stale UNIX path is replaced, a live one and a file that is no socket are not") func stalePath() throws {
        let folder = try TemporaryFolder()
        let address = SocketAddress.unix(folder.path + "/s")
        do { _ = try ListeningSocket.bind(address) }
        let listener = try ListeningSocket.bind(address)
        #expect(listener.address == address)
        #expect(throws: LoopError.self) { _ = try ListeningSocket.bind(address) }
        let file = folder.path + "/file"
        Descriptors.close(open(file, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: LoopError.self) { _ = try ListeningSocket.bind(.unix(file)) }
        #expect(access(file, F_OK) == 0)
    }

    @Test(
        "One listener shared by loops on two threads: every client is accepted exactly once, by whoever does not pause")
    func shared() throws {
        let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
        let ports = Mutex<[UInt16]>([])
        let stop = Mutex<[@Sendable () -> Void]>([])
        let started = Mutex(0)
        let threads = try (0..<2).map { _ in
            let copy = try listener.duplicate()
            return try JoinedThread {
                guard let loop = try? EventLoop() else { return }
                let acceptor = try? Acceptor(copy, on: loop, batchLimit: 3) { descriptor, peer in
                    ports.withLock { $0.append(peer.port ?? 0) }
                    Descriptors.close(descriptor)
                }
                let box = Confined(loop)
                let mailbox = loop.mailbox
                stop.withLock { $0.append { mailbox.post { box.value.stop() } } }
                started.withLock { $0 += 1 }
                loop.run()
                _ = acceptor
            }
        }
        try withLoop { loop in
            let ends = try (0..<200).map { _ in
                let end = RealEnd()
                end.stream = try Stream.connect(to: listener.address, on: loop, owner: end)
                return end
            }
            try loop.wait(for: "every client's end") { ends.allSatisfy { $0.log.isOver } }
            #expect(ends.allSatisfy { $0.log.openedCount == 1 })
        }
        for body in stop.withLock({ $0 }) { body() }
        for thread in threads { thread.join() }
        let accepted = ports.withLock { $0 }
        #expect(accepted.count == 200)
        #expect(Set(accepted).count == 200)
    }

    @Test("A turn accepts at most its share; who else came is accepted in later turns, and full turns are counted")
    func turnShare() throws {
        try withLoop { loop in
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            let ends = try (0..<20).map { _ in
                let end = RealEnd()
                end.stream = try Stream.connect(to: listener.address, on: loop, owner: end)
                return end
            }
            // In the backlog, all of them, before anybody accepts.
            try loop.wait(for: "every connection") { ends.allSatisfy { $0.log.openedCount == 1 } }
            var inTurn: [Int] = []
            inTurn.append(0)
            loop.onTurnEnd { inTurn.append(0) }
            let acceptor = try Acceptor(try listener.duplicate(), on: loop, batchLimit: 8) { descriptor, _ in
                inTurn[inTurn.count - 1] += 1
                Descriptors.close(descriptor)
            }
            try loop.wait(for: "every accept") { acceptor.acceptedCount == 20 }
            #expect(inTurn.filter { $0 > 0 } == [8, 8, 4])
            #expect(acceptor.fullTurnCount == 2)
            acceptor.close()
        }
    }

    @Test("A paused acceptor leaves clients to its sharer, a closed one too") func paused() throws {
        try withLoop { loop in
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            let first = try Acceptor(listener.duplicate(), on: loop) { fd, _ in Descriptors.close(fd) }
            let second = try Acceptor(listener.duplicate(), on: loop) { fd, _ in Descriptors.close(fd) }
            func connectFive() throws {
                let ends = try (0..<5).map { _ in
                    let end = RealEnd()
                    end.stream = try Stream.connect(to: listener.address, on: loop, owner: end)
                    return end
                }
                try loop.wait(for: "five ends") { ends.allSatisfy { $0.log.isOver } }
            }
            first.pause()
            try connectFive()
            #expect((first.acceptedCount, second.acceptedCount) == (0, 5))
            first.resume()
            second.pause()
            try connectFive()
            #expect((first.acceptedCount, second.acceptedCount) == (5, 5))
            second.resume()
            first.close()
            try connectFive()
            #expect((first.acceptedCount, second.acceptedCount) == (5, 10))
            #expect(first.errorCount == 0 && second.errorCount == 0)
        }
    }

    @Test("Closing inside an accept ends the batch; the clients left wait for the next acceptor") func closeInside()
        throws
    {
        try withLoop { loop in
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            let ends = try (0..<4).map { _ in
                let end = RealEnd()
                end.stream = try Stream.connect(to: listener.address, on: loop, owner: end)
                return end
            }
            try loop.wait(for: "four in the backlog") { ends.allSatisfy { $0.log.openedCount == 1 } }
            var acceptor: Acceptor?
            acceptor = try Acceptor(listener.duplicate(), on: loop) { fd, _ in
                Descriptors.close(fd)
                acceptor?.close()
            }
            try loop.wait(for: "one end") { ends.contains { $0.log.isOver } }
            #expect(acceptor?.acceptedCount == 1)
            acceptor = nil
            let next = try Acceptor(listener.duplicate(), on: loop) { fd, _ in Descriptors.close(fd) }
            try loop.wait(for: "the other ends") { ends.allSatisfy { $0.log.isOver } }
            #expect(next.acceptedCount == 3)
        }
    }

    @Test("When accepting fails an acceptor counts, rests, and then accepts the client that comes") func rests() throws
    {
        try withLoop { loop in
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            let acceptor = try Acceptor(listener.duplicate(), on: loop) { fd, _ in Descriptors.close(fd) }
            // A listener that listens no more answers EINVAL, without the descriptor limit that other tests live under.
            shutdown(listener.descriptor, Int32(SHUT_RD))
            try loop.wait(for: "a rest") { acceptor.restCount > 0 }
            #expect(acceptor.lastError?.name == "EINVAL")
            #expect(!acceptor.isAccepting)
            #expect(listen(listener.descriptor, 16) == 0)
            // Listening anew may have picked another port.
            let address = try #require(SocketAddress.ask({ getsockname($0, $1, $2) }, listener.descriptor))
            let end = RealEnd()
            end.stream = try Stream.connect(to: address, on: loop, owner: end)
            try loop.wait(for: "the client's end") { end.log.isOver }
            #expect(acceptor.acceptedCount == 1)
            #expect(acceptor.isAccepting)
            #expect(acceptor.errorCount == acceptor.restCount)
        }
    }
}
