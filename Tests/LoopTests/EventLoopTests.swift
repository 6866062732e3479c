import Testing
@testable import Loop

@Suite struct EventLoopTests {
    @Test("A stopped loop returns from run") func stops() throws {
        let loop = try EventLoop()
        loop.mailbox.post {}
        loop.stop()
        loop.run()
        #expect(!loop.mailbox.post {})
    }
}
