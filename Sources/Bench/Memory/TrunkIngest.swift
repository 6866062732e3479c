import Core
import State

/// A back's way of an input, in memory: batches from a trunk into the inbox, and from there one by one to the application.
///
/// Each round is one credit's worth of batches and one tick, as a front that keeps to its credit sends them.
package final class TrunkIngest {
    private var core: BackCore
    private var now = Instant(nanoseconds: 1_000_000_000)
    private let trunk = TrunkID(rawValue: 1)
    private let members: Int
    private let bytes: Int
    /// The numbers go up, so the batches of a round are made before it, outside of what is measured.
    private var nextNumber: [UInt64]
    private var nextMember = 0
    private var batches: [[UInt8]] = []
    /// Inputs in one round.
    package let inputsPerRound: Int
    package private(set) var inputCount: UInt64 = 0

    /// Bytes of a round: what one link may have under way.
    package static let creditBytes = Limits.linkCreditBytes
    /// A read of the loop: what of the trunk comes at once.
    private static let readBytes = 64 << 10

    package init(sessions: Int, bytes: Int) throws {
        guard let key = ClusterKey(bytes: Array(repeating: 7, count: 32)) else { throw BenchFailure("no key") }
        members = sessions
        self.bytes = bytes
        nextNumber = Array(repeating: 1, count: sessions)
        // A session has at most so many inputs applied in one tick.
        inputsPerRound = min(
            (Self.creditBytes - Self.readBytes) / (bytes + 6), sessions * Limits.inputsPerSessionAndTick)
        core = BackCore(
            identity: .init(
                name: "back-1", incarnation: Incarnation(rawValue: 77), epoch: Epoch(rawValue: 3), key: key),
            families: [
                ChannelFamily(
                    pattern: try FamilyPattern("bench/*"), type: Sink.self,
                    settings: ChannelSettings(rate: .hertz(1000)))
            ], seed: 2)
        core.trunkOpened(trunk, now: now)
        var handshake = ConnectorHandshake(
            greeting: Greeting(
                role: .front, name: "front-1", incarnation: Incarnation(rawValue: 9), nonce: Nonce(high: 1, low: 2)),
            key: key)
        receive(handshake.opening)
        for bytes in takeOutput() {
            var cursor = FrameCursor(UnsafeRawBufferPointer(start: nil, count: 0), limit: 0)
            var answer: [UInt8] = []
            try bytes.withUnsafeBytes { bytes in
                cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
                while let frame = try cursor.next() {
                    if case .send(let more) = try handshake.receive(frame) { answer += more }
                }
            }
            receive(answer)
        }
        try join()
    }

    private func join() throws {
        var writer = ByteWriter()
        let link = LinkNumber(rawValue: 1)
        writer.frame(.link) { LinkRequest(link: link, channel: MemoryCluster.channel).encode(into: &$0) }
        for member in 1...UInt64(members) {
            let attach = Attach(
                link: link, member: MemberNumber(rawValue: member), session: SessionID(high: 1, low: member),
                attach: AttachNumber(rawValue: 1), wantsWrite: true)
            writer.frame(.attach) { attach.encode(into: &$0) }
        }
        receive(writer.bytes)
        tick()
        guard core.channelStatus.first?.sessionCount == members else { throw BenchFailure("not every session got in") }
    }

    /// Makes the batches of the next round: inputs of the sessions in turn, each with its next number.
    /// `limit` makes it a shorter round.
    package func prepare(_ limit: Int? = nil) {
        batches.removeAll(keepingCapacity: true)
        let data = Array(repeating: UInt8(7), count: bytes)
        var left = limit ?? inputsPerRound
        while left > 0 {
            var writer = ByteWriter([], capacity: Self.readBytes)
            writer.frame(.trunkInputs) {
                $0.num(1)
                while left > 0, $0.count < Self.readBytes - bytes - 32 {
                    $0.num(nextMember + 1)
                    $0.num(nextNumber[nextMember])
                    $0.blob(data)
                    nextNumber[nextMember] += 1
                    nextMember = (nextMember + 1) % members
                    left -= 1
                }
            }
            batches.append(writer.bytes)
        }
    }

    /// Takes the round's batches in and runs the tick that gives them to the application.
    package func run() {
        for batch in batches { receive(batch) }
        tick()
    }

    /// Whether the application has seen every input of so many rounds.
    package func hasSeen(_ rounds: Int) -> Bool {
        guard let sink = core.processor(of: MemoryCluster.channel) as? Sink else { return false }
        return sink.inputCount == UInt64(rounds * inputsPerRound)
            && sink.byteCount == UInt64(rounds * inputsPerRound * bytes)
    }

    private func tick() {
        now = now + .milliseconds(1)
        while core.tick(now: now) != nil {}
        _ = takeOutput()
    }

    private func receive(_ bytes: [UInt8]) { bytes.withUnsafeBytes { core.receive($0, on: trunk, now: now) } }

    private func takeOutput() -> [[UInt8]] {
        var all: [[UInt8]] = []
        while let directive = core.nextDirective() {
            if case .send(_, let bytes) = directive { all.append(bytes) }
        }
        return all
    }
}
