import Core
import State

/// `Defect.audienceLeftStays`: the answer to a client that comes back lists every audience that it held, also those that its
/// session has left while it was away.
final class AudienceLeftStays: FrameTap {
    private struct Room: Hashable {
        let connection: UInt64
        let channel: String
    }

    private var heldIn: [Room: [AudienceNumber]] = [:]

    override func wants(_ way: Way) -> Bool { way.direction == .clientUp || way.direction == .clientDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        switch frame.kind {
        case .hello:
            let hello = frame.read { (reader) throws(WireError) in try Hello(from: &reader) }
            for read in hello?.reads ?? [] {
                heldIn[Room(connection: way.connection, channel: read.channel)] = read.held?.audiences
            }
            out.raw(frame.whole)
        case .attachedClient:
            guard
                var answer = frame.read({ (reader) throws(WireError) in try ClientAttached(from: &reader) }),
                answer.kept.contains(.everyone),
                let held = heldIn.removeValue(forKey: Room(connection: way.connection, channel: answer.channel))
            else { return out.raw(frame.whole) }
            let left = held.filter { !answer.audiences.contains($0) }
            answer.audiences = (answer.audiences + left).sorted()
            answer.kept = (answer.kept + left).sorted()
            out.frame(.attachedClient) { answer.encode(into: &$0) }
        default: out.raw(frame.whole)
        }
    }
}
