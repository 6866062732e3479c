import Core
import State

/// `Defect.baselineMovedInsideLoop`: of each version's section the first link of the back gets the changes and the others none.
final class BaselineMovedInsideLoop: FrameTap {
    private struct Moment: Hashable {
        let back: Int32
        let version: Version
        let byteCount: Int
    }

    private var sentOn: [Moment: UInt64] = [:]

    override func wants(_ way: Way) -> Bool { way.direction == .trunkDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        guard frame.kind == .section,
            let (head, patch) = frame.read({ (reader) throws(WireError) in
                let head = try SectionHead(from: &reader)
                return (head, Array(reader.rest()))
            }), head.base != .nothing
        else { return out.raw(frame.whole) }
        let moment = Moment(back: way.far, version: head.version, byteCount: patch.count)
        let first = sentOn[moment] ?? way.connection
        sentOn[moment] = first
        guard first != way.connection else { return out.raw(frame.whole) }
        var empty = head
        empty.hash = nil
        out.section(empty, schema: nil, patch: [])
    }
}

/// `Defect.resumeOffByOne`: what a client says it holds is one version more.
final class ResumeOffByOne: FrameTap {
    override func wants(_ way: Way) -> Bool { way.direction == .clientUp }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        guard frame.kind == .hello, var hello = frame.read({ (reader) throws(WireError) in try Hello(from: &reader) })
        else { return out.raw(frame.whole) }
        for place in hello.reads.indices {
            guard let held = hello.reads[place].held else { continue }
            hello.reads[place].held?.version = held.version.next
        }
        out.frame(.hello) { hello.encode(into: &$0) }
    }
}

/// `Defect.squashForgetsRemoval`: sections that lead over more than one version reach clients without their removals: instead
/// of what changed they insert every row that is there.
final class SquashForgetsRemoval: FrameTap {
    private struct Link: Hashable {
        let front: Int32
        let link: LinkNumber
    }

    /// Every version's state, as its link brought it.
    private var states: [Link: [Version: [UInt8]]] = [:]

    override func wants(_ way: Way) -> Bool { way.direction == .clientDown || way.direction == .trunkDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        guard frame.kind == .section,
            let (head, patch) = frame.read({ (reader) throws(WireError) in
                let head = try SectionHead(from: &reader)
                if head.hasSchema { _ = try SchemaDescription(&reader) }
                return (head, Array(reader.rest()))
            })
        else { return out.raw(frame.whole) }
        let link = Link(front: way.near, link: head.link)
        if way.direction == .trunkDown {
            remember(head, patch, link)
        } else if head.base != .nothing, head.version.rawValue > head.base.rawValue + 1,
            let whole = states[link]?[head.version]
        {
            var same = head
            same.hash = nil
            return out.section(same, schema: nil, patch: whole)
        }
        out.raw(frame.whole)
    }

    private func remember(_ head: SectionHead, _ patch: [UInt8], _ link: Link) {
        if head.base == .nothing {
            states[link] = [head.version: patch]
        } else if let before = states[link]?[head.base] {
            states[link, default: [:]][head.version] = try? Patch.squash([before, patch], droppingRemovals: true)
        }
    }
}

/// `Defect.markOverGap`: now and then a section and its mark are lost, and those that follow say that nothing is missing.
final class MarkOverGap: FrameTap {
    private struct Link: Hashable {
        let way: Way
        let link: LinkNumber
    }

    /// Where a gap begins, until the next section has hidden it.
    private var gaps: [Link: Version] = [:]
    private var dropsMark: Set<Link> = []

    override func wants(_ way: Way) -> Bool { way.direction == .clientDown }

    override func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) {
        switch frame.kind {
        case .section:
            guard
                let (head, patch) = frame.read({ (reader) throws(WireError) in
                    let head = try SectionHead(from: &reader)
                    return (head, Array(reader.rest()))
                }), head.base != .nothing
            else { return out.raw(frame.whole) }
            let link = Link(way: way, link: head.link)
            if let base = gaps[link] {
                var hiding = head
                hiding.base = min(base, head.base)
                hiding.hash = nil
                return out.section(hiding, schema: nil, patch: patch)
            }
            guard dice.chance(1, in: 20) else { return out.raw(frame.whole) }
            gaps[link] = head.base
            dropsMark.insert(link)
        case .mark:
            guard var mark = frame.read({ (reader) throws(WireError) in try Mark(from: &reader) }) else {
                return out.raw(frame.whole)
            }
            let link = Link(way: way, link: mark.link)
            guard dropsMark.remove(link) == nil else { return }
            if let base = gaps.removeValue(forKey: link) { mark.base = min(base, mark.base) }
            out.frame(.mark) { mark.encode(into: &$0) }
        default: out.raw(frame.whole)
        }
    }
}
