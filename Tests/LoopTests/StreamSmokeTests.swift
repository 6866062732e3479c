import Testing
@testable import Loop

final class Recorder: StreamOwner {
    var openedCount = 0
    var drainedCount = 0
    var bytes: [UInt8] = []
    var ends: [StreamEnd] = []
    var onRead: ((Stream) -> Void)?
    func streamOpened(_ stream: Stream) { openedCount += 1 }
    func streamRead(_ stream: Stream, _ bytes: UnsafeRawBufferPointer) {
        #expect(ends.isEmpty)
        self.bytes += bytes
        onRead?(stream)
    }
    func streamDrained(_ stream: Stream) { drainedCount += 1 }
    func streamClosed(_ stream: Stream, _ end: StreamEnd) { ends.append(end) }
}

@Suite struct StreamSmokeTests {
    @Test(arguments: ["127.0.0.1:0", "[::1]:0"]) func echo(_ text: String) throws {
        let loop = try EventLoop()
        let listener = try ListeningSocket.bind(try #require(SocketAddress(text)))
        let server = Recorder(), client = Recorder()
        server.onRead = { _ = $0.offer([4, 5]) }
        let acceptor = try Acceptor(try listener.duplicate(), on: loop) { fd, peer in
            #expect(peer.isLoopback)
            _ = try? Stream(accepted: fd, peer: peer, on: loop, owner: server)
        }
        let stream = try Stream.connect(to: listener.address, on: loop, owner: client)
        #expect(stream.offer([1, 2, 3]) == .queued)
        try waitUntil(loop) { client.bytes == [4, 5] }
        #expect(server.bytes == [1, 2, 3])
        #expect(client.drainedCount == 1)
        stream.closeAfterWriting()
        try waitUntil(loop) { client.ends == [.closedByUs] && server.ends == [.ended] }
        acceptor.close()
        loop.stop()
        loop.run()
    }
}
