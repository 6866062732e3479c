import Glibc
import Testing
import Loop

@Suite struct DescriptorPassingTests {
    @Test("A descriptor arrives with its bytes and works") func one() throws {
        try withPair { loop, left, right in
            let pipe = try Descriptors.pipe()
            #expect(left.stream?.offer([7], passing: pipe.writing) == .sent)
            Descriptors.close(pipe.writing)
            try loop.wait(for: "the byte") { right.log.bytes == [7] }
            let received = try #require(right.stream?.takeDescriptor())
            #expect(right.stream?.takeDescriptor() == nil)
            #expect(write(received, "x", 1) == 1)
            Descriptors.close(received)
            var byte: UInt8 = 0
            #expect(read(pipe.reading, &byte, 1) == 1 && byte == UInt8(ascii: "x"))
            #expect(read(pipe.reading, &byte, 1) == 0, "no copy of the writing end is left open")
            Descriptors.close(pipe.reading)
        }
    }

    @Test("Through a full queue descriptors keep their order and never overtake their bytes") func queued() throws {
        try withPair { loop, left, right in
            right.pauseReading()
            let filler = pattern(1_500_000)
            #expect(left.offer(filler) == .queuedPauseNow)
            var expected = filler
            var inodes: [UInt] = []
            for index in 0..<10 {
                let pipe = try Descriptors.pipe()
                inodes.append(inode(pipe.reading))
                #expect(
                    left.stream?.offer(pattern(1 + index * 700, from: expected.count), passing: pipe.reading)
                        != .refusedFull)
                expected += pattern(1 + index * 700, from: expected.count)
                #expect(left.offer(pattern(index % 3, from: expected.count)) != .refusedFull)
                expected += pattern(index % 3, from: expected.count)
                Descriptors.close(pipe.reading)
                Descriptors.close(pipe.writing)
            }
            var taken: [UInt] = []
            right.onEvent = { [weak right] _, event in
                guard event == .read, let stream = right?.stream else { return }
                while let descriptor = stream.takeDescriptor() {
                    taken.append(inode(descriptor))
                    Descriptors.close(descriptor)
                }
            }
            right.resumeReading()
            try loop.wait(for: "all bytes") { right.log.bytes.count >= expected.count }
            #expect(same(right.log.bytes, expected))
            #expect(taken == inodes)
        }
    }

    @Test("More descriptors than may wait end the stream, and none stays open") func tooMany() throws {
        try withPair { loop, left, right in
            right.stream?.descriptorLimit = 2
            let pipe = try Descriptors.pipe()
            for _ in 0..<3 { #expect(left.stream?.offer([1], passing: pipe.writing) == .sent) }
            Descriptors.close(pipe.writing)
            try loop.wait(for: "the end") { right.log.isOver }
            #expect(right.log.failure?.name == "ENOBUFS")
            var byte: UInt8 = 0
            #expect(read(pipe.reading, &byte, 1) == 0, "no copy of the writing end is left open")
            Descriptors.close(pipe.reading)
        }
    }

    @Test("Descriptors that were queued or received but never taken are closed with the stream") func neverTaken()
        throws
    {
        let pipe = try Descriptors.pipe()
        try withPair { loop, left, right in
            #expect(left.stream?.offer([1], passing: pipe.writing) == .sent)
            try loop.wait(for: "the byte") { right.log.bytes == [1] }
            right.pauseReading()
            #expect(left.offer(pattern(1_500_000)) == .queuedPauseNow)
            #expect(left.stream?.offer([1], passing: pipe.writing) == .queuedPauseNow)
        }
        Descriptors.close(pipe.writing)
        var byte: UInt8 = 0
        #expect(read(pipe.reading, &byte, 1) == 0, "no copy of the writing end is left open")
        Descriptors.close(pipe.reading)
    }

    @Test("What cannot be passed is refused and harms nothing") func refused() throws {
        try withPair { loop, left, right in
            #expect(left.stream?.offer([], passing: 0) == .refusedFull)
            #expect(left.stream?.offer([1], passing: 1_000_000) == .refusedFull)
            #expect(left.offer([5]) == .sent)
            try loop.wait(for: "the byte") { right.log.bytes == [5] }
            let listener = try ListeningSocket.bind(.ipv4(0x7F00_0001, port: 0))
            let tcp = RealEnd()
            tcp.stream = try Stream.connect(to: listener.address, on: loop, owner: tcp)
            try loop.wait(for: "a TCP connection") { tcp.log.openedCount == 1 }
            #expect(tcp.stream?.offer([1], passing: 0) == .refusedFull)
            #expect(tcp.stream.flatMap { peerCredentials(of: $0)?.pid } == nil)
        }
    }

    @Test("The kernel tells who is at the other end of a UNIX stream") func credentials() throws {
        try withPair { _, left, _ in
            let who = try #require(left.stream.flatMap { peerCredentials(of: $0) })
            #expect(who == (getpid(), getuid(), getgid()))
        }
    }

    @Test(
        "A peer that only ended its own side still gets what was queued, and then our end", arguments: [10, 1_500_000])
    func halfClosed(_ byteCount: Int) throws {
        try withLoop { loop in
            let (ours, theirs) = try Descriptors.socketPair()
            let end = RealEnd(), peer = RealEnd()
            end.stream = try Stream(accepted: ours, on: loop, owner: end)
            _ = end.offer(pattern(byteCount))
            shutdown(theirs, Int32(SHUT_WR))
            try loop.wait(for: "the peer's end, or writing on") { end.log.isOver || end.stream?.isOpen == false }
            peer.stream = try Stream(accepted: theirs, on: loop, owner: peer)
            try loop.wait(for: "both ends") { end.log.isOver && peer.log.isOver }
            #expect(end.log.ends == [.ended] && peer.log.ends == [.ended])
            #expect(same(peer.log.bytes, pattern(byteCount)))
        }
    }

    private func inode(_ descriptor: Int32) -> UInt {
        var status = stat()
        fstat(descriptor, &status)
        return UInt(status.st_ino)
    }

    /// Two connected UNIX streams on a loop that ends with the body.
    private func withPair(_ body: (EventLoop, RealEnd, RealEnd) throws -> Void) throws {
        try withLoop { loop in
            let (first, second) = try Descriptors.socketPair()
            let left = RealEnd(), right = RealEnd()
            left.stream = try Stream(accepted: first, on: loop, owner: left)
            right.stream = try Stream(accepted: second, on: loop, owner: right)
            try body(loop, left, right)
        }
    }
}
