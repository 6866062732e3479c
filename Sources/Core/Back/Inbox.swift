import State

/// A link as the back knows it: which trunk, and the front's number for it.
package struct LinkKey: Hashable, Sendable, Comparable {
    package let trunk: TrunkID
    package let number: LinkNumber

    package init(trunk: TrunkID, number: LinkNumber) {
        self.trunk = trunk
        self.number = number
    }

    package static func < (left: LinkKey, right: LinkKey) -> Bool {
        (left.trunk, left.number) < (right.trunk, right.number)
    }
}

/// A trunk within this process, numbered by the shell, never used again.
package struct TrunkID: WireNumber {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What waits for the next tick, in order of arrival.
///
/// Inputs stay as they came, a frame's worth at a time in one buffer, and are taken apart in the tick; everything else is a
/// small value. The bytes are bounded by the credit that the links were given.
struct Inbox {
    enum Entry {
        case link(LinkKey, options: [UInt8])
        case unlink(LinkKey)
        case attach(LinkKey, Attach)
        case detach(LinkKey, Detach)
        case want(LinkKey, Want)
        /// Records of (member, number, bytes), checked on arrival.
        case inputs(LinkKey, Range<Int>)
        /// From a member of the link, or from its front.
        case message(LinkKey, MemberNumber, Range<Int>)
        /// Without a link, brought by the front of that name.
        case told(OutsideSender, through: String, Range<Int>)
        case expired(SessionID)
        /// What the hub said of an item of the outbox.
        case job(UInt64, JobOutbox.News)
    }

    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []
    private(set) var inputCount = 0

    var isEmpty: Bool { entries.isEmpty }
    var byteCount: Int { bytes.count }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    /// Appends input records. They must have been checked by `checkRecords`.
    mutating func append(inputs: UnsafeRawBufferPointer, count: Int, from link: LinkKey) {
        let start = bytes.count
        bytes.append(contentsOf: inputs)
        inputCount += count
        if case .inputs(link, let range)? = entries.last, range.upperBound == start {
            entries[entries.count - 1] = .inputs(link, range.lowerBound..<bytes.count)
        } else {
            entries.append(.inputs(link, start..<bytes.count))
        }
    }

    mutating func append(message data: [UInt8], from member: MemberNumber, on link: LinkKey) {
        let start = bytes.count
        bytes.append(contentsOf: data)
        entries.append(.message(link, member, start..<bytes.count))
    }

    mutating func append(message data: [UInt8], _ sender: OutsideSender, through front: String) {
        let start = bytes.count
        bytes.append(contentsOf: data)
        entries.append(.told(sender, through: front, start..<bytes.count))
    }

    /// One record that the last tick did not come to, as it stood in that tick's inbox.
    mutating func append(record: ArraySlice<UInt8>, from link: LinkKey) {
        record.withUnsafeBytes { append(inputs: $0, count: 1, from: link) }
    }

    /// More room than this is kept from one tick to the next only by a tick that used a quarter of it.
    private static let keptByteCount = 2 << 20

    /// Forgets everything, and keeps its memory unless that is much more than was needed.
    mutating func clear() {
        entries.removeAll(keepingCapacity: entries.capacity <= 4096)
        bytes.removeAll(keepingCapacity: bytes.capacity <= max(Self.keptByteCount, bytes.count * 4))
        inputCount = 0
    }

    /// Puts what was carried over before what came since.
    mutating func prepend(_ carried: Inbox) {
        guard !carried.isEmpty else { return }
        var joined = carried
        let shift = joined.bytes.count
        joined.bytes.append(contentsOf: bytes)
        joined.inputCount += inputCount
        for entry in entries {
            switch entry {
            case .inputs(let link, let range): joined.entries.append(.inputs(link, range.shifted(by: shift)))
            case .message(let link, let member, let range):
                joined.entries.append(.message(link, member, range.shifted(by: shift)))
            case .told(let sender, let front, let range):
                joined.entries.append(.told(sender, through: front, range.shifted(by: shift)))
            default: joined.entries.append(entry)
            }
        }
        self = joined
    }

    /// Walks the records of an `inputs` frame once, so that the tick never meets one that it cannot read.
    static func checkRecords(_ records: UnsafeRawBufferPointer) throws(WireError) -> Int {
        var at = 0
        var count = 0
        while at < records.count {
            if let end = shortRecordEnd(records, at) { at = end } else { at = try recordEnd(records, at) }
            count &+= 1
        }
        return count
    }

    /// Where the record at `start` ends, if its numbers are short and all of it is there: what nearly all records are.
    @inline(__always)
    private static func shortRecordEnd(_ records: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        guard let base = records.baseAddress, records.count &- start >= 8,
            let member = ShortNum.byteCount(base + start),
            let number = ShortNum.byteCount(base + start + member)
        else { return nil }
        let place = start &+ member &+ number
        let byteCount = base.load(fromByteOffset: place, as: UInt8.self)
        let end = place &+ 1 &+ Int(byteCount)
        return byteCount < 0x80 && end <= records.count ? end : nil
    }

    private static func recordEnd(_ records: UnsafeRawBufferPointer, _ start: Int) throws(WireError) -> Int {
        var reader = ByteReader(records)
        _ = try reader.raw(start)
        _ = try reader.num()
        _ = try reader.num()
        let data = try reader.blob()
        guard data.count <= Limits.inputBytes else {
            throw .overLimit(what: "an input", value: UInt64(data.count), limit: UInt64(Limits.inputBytes))
        }
        return reader.position
    }
}

extension Range<Int> {
    fileprivate func shifted(by offset: Int) -> Range<Int> { lowerBound + offset..<upperBound + offset }
}
