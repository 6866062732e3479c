import Core
import State

/// `Defect.staleEpochAccepted`: backs that are over say that they have the newest epoch, which is as good as not being asked.
final class StaleEpochAccepted: FrameTap {
    private var highest = Epoch(rawValue: 0)

    override func wants(_ way: Way) -> Bool { way.direction == .trunkDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        guard frame.kind == .accepted,
            var accepted = frame.read({ (reader) throws(WireError) in try Accepted(from: &reader) })
        else { return out.raw(frame.whole) }
        highest = max(highest, accepted.epoch)
        accepted.epoch = highest
        out.frame(.accepted) { accepted.encode(into: &$0) }
    }
}

/// `Defect.oldAttachWins`: whoever attaches last has the highest number, whichever he was given.
final class OldAttachWins: FrameTap {
    private var last: UInt64 = 0

    override func wants(_ way: Way) -> Bool { way.direction == .trunkUp }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        guard frame.kind == .attach,
            var attach = frame.read({ (reader) throws(WireError) in try Attach(from: &reader) })
        else { return out.raw(frame.whole) }
        last += 1
        attach.attach = AttachNumber(rawValue: last)
        out.frame(.attach) { attach.encode(into: &$0) }
    }
}
