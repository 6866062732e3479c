import Core
import State

/// One client of a load generator: opens a WebSocket, says hello, and reads what comes as cheaply as it can be checked.
final class BenchClient {
    enum Phase {
        case connecting
        case upgrading(HTTPResponseHeadReader)
        /// Said hello; waits for the first marks.
        case joining
        case reading
    }

    /// What came, and what it asks for.
    enum Heard {
        /// A tick of a channel: what the section's row said, and what the mark commits.
        case tick(Step)
        /// It is a session, with this token.
        case welcome([UInt8])
        /// It reads a channel of this lineage.
        case attached(Lineage)
        /// It may write.
        case granted(GrantID)
        /// Its inputs are decided up to this number.
        case acked(UInt64)
        case ping([UInt8])
        case sayHello
        case over(String)
    }

    /// What a mark says, with the row of the section before it and the bytes of the WebSocket message so far.
    struct Step {
        var link: Int
        var base: UInt64
        var version: UInt64
        var row: UnsafeRawBufferPointer
        var byteCount: Int
    }

    var phase = Phase.connecting
    /// The version that it holds of each channel, by the link's number; 0 before the first mark.
    private(set) var versions: [UInt64] = []
    private var reader = WebSocketReader(role: .client, messageLimit: Limits.nodeFrameBytes)
    private var leftover: [UInt8] = []

    /// Notes that a mark brought a channel to a version. Answers the one before.
    func advance(_ link: Int, to version: UInt64) -> UInt64 {
        while link >= versions.count { versions.append(0) }
        defer { versions[link] = version }
        return versions[link]
    }

    /// How many channels have had their first mark.
    var heldCount: Int { versions.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }

    func receive(_ bytes: UnsafeMutableRawBufferPointer, rowByteCount: Int, _ told: (Heard) -> Void) {
        guard leftover.isEmpty else {
            var whole = leftover
            whole.append(contentsOf: bytes)
            leftover = []
            return whole.withUnsafeMutableBytes { walk($0, rowByteCount, told) }
        }
        walk(bytes, rowByteCount, told)
    }

    private func walk(_ bytes: UnsafeMutableRawBufferPointer, _ rowByteCount: Int, _ told: (Heard) -> Void) {
        var offset = 0
        do {
            if case .upgrading(var head) = phase {
                let answer = try head.next(in: UnsafeRawBufferPointer(bytes), from: &offset)
                phase = .upgrading(head)
                if let answer {
                    guard answer.status == 101 else { return told(.over("status \(answer.status) to the upgrade")) }
                    phase = .joining
                    told(.sayHello)
                }
            }
            if case .upgrading = phase {
            } else {
                while let event = try reader.next(in: bytes, from: &offset) {
                    switch event {
                    case .message(_, let payload): try take(payload, rowByteCount, told)
                    case .ping(let payload): told(.ping(Array(payload)))
                    case .pong: break
                    case .close(let code, let reason): told(.over("closed with \(code ?? 0): \(reason)"))
                    }
                }
            }
        } catch {
            return told(.over("\(error)"))
        }
        if offset < bytes.count { leftover = Array(bytes[offset...]) }
    }

    private func take(
        _ payload: UnsafeRawBufferPointer, _ rowByteCount: Int, _ told: (Heard) -> Void
    ) throws(WireError) {
        var cursor = FrameCursor(payload, limit: Limits.nodeFrameBytes)
        var row = UnsafeRawBufferPointer(start: nil, count: 0)
        var toldByteCount = 0
        while let frame = try cursor.next() {
            switch frame.kind {
            case .section:
                // The row is the last thing in the patch, and its bytes are the last thing in the row.
                row = UnsafeRawBufferPointer(rebasing: frame.body.suffix(rowByteCount))
                toldByteCount += frame.whole.count
            case .mark:
                let mark = try frame.decode(Mark.init(from:))
                told(
                    .tick(
                        Step(
                            link: Int(mark.link.rawValue), base: mark.base.rawValue, version: mark.version.rawValue,
                            row: row, byteCount: toldByteCount + frame.whole.count)))
                toldByteCount = 0
            case .welcome: told(.welcome(try frame.decode(Welcome.init(from:)).token))
            case .attachedClient: told(.attached(try frame.decode(ClientAttached.init(from:)).lineage))
            case .grantedClient: told(.granted(try frame.decode(ClientGranted.init(from:)).grant))
            case .ackedClient: told(.acked(try frame.decode(ClientAcked.init(from:)).highest.rawValue))
            case .unlinkedClient: told(.over(try frame.decode(ClientUnlinked.init(from:)).farewell.reason))
            case .bye: told(.over(try frame.decode(Bye.init(from:)).reason))
            default: break
            }
        }
    }
}
