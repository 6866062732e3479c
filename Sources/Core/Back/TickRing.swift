import State

/// What a back is doing right now, and the inputs of its last ticks, in memory that outlives it: the shell maps a file of the
/// runtime folder, the hub reads that file when the back has died. `TickRecord` is the reader.
///
/// Written with plain stores on the tick's way, no call and no allocation for an input. Two halves are filled in turn, so the
/// newest inputs are always whole: at least half of `byteCount`, but for what one tick had more.
///
/// ```
/// 0 "SWTICKS1" · 8 epoch · 16 what is going on (u32) · 20 the half that is written (u32) · 24 where its last entry begins
/// 32 entries refused as poison · 40, 48 bytes used in each half · 56, 64 which filling of the ring each half is
/// 72 the tick · 80 bytes of its channel's id · 88 the id
/// 4096 first half … second half
/// entry = u32 kind · u32 byte count · u64 number · u64 u64 session · bytes, padded to 8
/// ```
/// All numbers are in the machine's own order: the file never leaves it.
package struct TickRing {
    package static let byteCount = 4096 + 2 * halfByteCount
    static let halfByteCount = 512 << 10
    static let entryHeaderByteCount = 32
    static let headerByteCount = 4096
    static let magic: UInt64 = 0x3153_4B43_4954_5753  // "SWTICKS1"

    /// What is going on, at offset 16.
    enum Activity: UInt32 {
        case idle, stepping, atInput, atOtherEvent
    }

    /// What an entry is of.
    enum Kind: UInt32 {
        case tick = 1, input, otherEvent
    }

    enum Offset {
        static let epoch = 8, activity = 16, half = 20, last = 24, refused = 32, used = 40, filling = 56
        static let tick = 72, channelCount = 80, channel = 88
    }

    private let base: UnsafeMutableRawPointer

    /// - Parameter memory: of `byteCount` bytes, zero or from an earlier life; it has to stay for as long as this is used.
    package init(_ memory: UnsafeMutableRawBufferPointer, epoch: Epoch) {
        precondition(memory.count >= Self.byteCount, "a ring of \(memory.count) bytes, not \(Self.byteCount)")
        base = memory.baseAddress!
        memory.prefix(Self.headerByteCount).withMemoryRebound(to: UInt8.self) { $0.update(repeating: 0) }
        base.storeBytes(of: epoch.rawValue, toByteOffset: Offset.epoch, as: UInt64.self)
        base.storeBytes(of: 1, toByteOffset: Offset.filling, as: UInt64.self)
        // Last, so that a file that was not made to the end is none.
        base.storeBytes(of: Self.magic, toByteOffset: 0, as: UInt64.self)
    }

    /// Inputs that were refused because they ended the application before.
    package var refusedCount: UInt64 { base.load(fromByteOffset: Offset.refused, as: UInt64.self) }

    /// A tick begins; it makes an entry only if something happened, so that quiet channels do not push out what is of use.
    func tickBegan(_ number: TickNumber, of channel: ChannelID, eventCount: Int) {
        base.storeBytes(of: number.rawValue, toByteOffset: Offset.tick, as: UInt64.self)
        var text = channel.text
        text.withUTF8 { text in
            base.storeBytes(of: UInt64(text.count), toByteOffset: Offset.channelCount, as: UInt64.self)
            UnsafeMutableRawBufferPointer(start: base + Offset.channel, count: Self.headerByteCount - Offset.channel)
                .copyMemory(from: UnsafeRawBufferPointer(text))
            if eventCount > 0 { append(.tick, number.rawValue, .zero, UnsafeRawBufferPointer(text)) }
        }
        set(.stepping)
    }

    /// The application is about to be given this input.
    @inline(__always)
    func inputBegan(_ input: Input) {
        input.bytes.withContiguousStorageIfAvailable {
            append(.input, input.number, input.session, UnsafeRawBufferPointer($0))
        }
        set(.atInput)
    }

    /// The application is about to be given something else.
    func otherEventBegan(_ session: SessionID?) {
        append(.otherEvent, 0, session ?? .zero, UnsafeRawBufferPointer(start: nil, count: 0))
        set(.atOtherEvent)
    }

    /// The application has asked for the next event, so it is done with the last one.
    @inline(__always)
    func eventEnded() { set(.stepping) }

    func tickEnded() { set(.idle) }

    func refused() { base.storeBytes(of: refusedCount + 1, toByteOffset: Offset.refused, as: UInt64.self) }

    @inline(__always)
    private func set(_ activity: Activity) {
        base.storeBytes(of: activity.rawValue, toByteOffset: Offset.activity, as: UInt32.self)
    }

    private func append(_ kind: Kind, _ number: UInt64, _ session: SessionID, _ bytes: UnsafeRawBufferPointer) {
        var half = Int(base.load(fromByteOffset: Offset.half, as: UInt32.self))
        var used = Int(base.load(fromByteOffset: Offset.used + half * 8, as: UInt64.self))
        let count = min(bytes.count, Self.halfByteCount - Self.entryHeaderByteCount)
        let entryByteCount = (Self.entryHeaderByteCount + count + 7) & ~7
        if used + entryByteCount > Self.halfByteCount {
            let filling = base.load(fromByteOffset: Offset.filling + half * 8, as: UInt64.self)
            half = 1 - half
            used = 0
            base.storeBytes(of: 0, toByteOffset: Offset.used + half * 8, as: UInt64.self)
            base.storeBytes(of: filling + 1, toByteOffset: Offset.filling + half * 8, as: UInt64.self)
            base.storeBytes(of: UInt32(half), toByteOffset: Offset.half, as: UInt32.self)
        }
        let entry = base + Self.headerByteCount + half * Self.halfByteCount + used
        entry.storeBytes(of: kind.rawValue, as: UInt32.self)
        entry.storeBytes(of: UInt32(count), toByteOffset: 4, as: UInt32.self)
        entry.storeBytes(of: number, toByteOffset: 8, as: UInt64.self)
        entry.storeBytes(of: session.high, toByteOffset: 16, as: UInt64.self)
        entry.storeBytes(of: session.low, toByteOffset: 24, as: UInt64.self)
        if let from = bytes.baseAddress, count > 0 {
            (entry + Self.entryHeaderByteCount).copyMemory(from: from, byteCount: count)
        }
        base.storeBytes(of: UInt64(used), toByteOffset: Offset.last, as: UInt64.self)
        base.storeBytes(of: UInt64(used + entryByteCount), toByteOffset: Offset.used + half * 8, as: UInt64.self)
    }
}
