import Core
import Testing

@Suite("Limits")
struct LimitsTests {
    @Test("The limits fit together as docs/ARCHITECTURE.md says")
    func relations() {
        #expect(
            Limits.inputBytes + 64 == Limits.clientFrameBytes, "the largest input fits into a frame with its header")
        #expect(Limits.windowBytes >= Limits.inputBytes, "one legal input may always be outstanding")
        #expect(Limits.linkCreditBytes == 4 * Limits.windowBytes, "one client cannot use up a link")
        #expect(Limits.congestedTrunkBytes * 8 <= Limits.trunkBacklogBytes, "squashing begins long before giving up")
        #expect(Limits.pieceBytes < Limits.sectionBytes && Limits.sectionBytes < Limits.nodeFrameBytes)
        #expect(Limits.handshakeFrameBytes < Limits.clientFrameBytes && Limits.clientFrameBytes < Limits.nodeFrameBytes)
        #expect(Limits.pingPeriod + Limits.pongWait < Limits.detachedSession, "a lost client is back before it expires")
        #expect(Limits.pongWait * 2 == Limits.pingPeriod, "half of the period, as its setting says")
        #expect(Limits.trunkInputBytes + Limits.nodeFrameBytes <= Limits.trunkBacklogBytes, "a last frame fits")
        #expect(Limits.leavingSession < Limits.detachedSession)
        #expect(Limits.linkCreditBytes <= Limits.inboxBytes, "a link's credit fits into an inbox")
    }
}
