import State

/// What a back that died was doing, read from the file that its `TickRing` wrote. The hub makes an incident of it.
package struct TickRecord: Equatable, Sendable {
    package struct Input: Equatable, Sendable {
        package var session: SessionID
        package var number: UInt64
        package var bytes: [UInt8]
    }

    /// A tick of a channel, with the inputs that the application was given.
    package struct Tick: Equatable, Sendable {
        package var channel: String
        package var number: UInt64
        package var inputs: [Input]
    }

    /// Where it stood.
    package enum Place: Equatable, Sendable {
        /// Between ticks.
        case idle
        /// In a tick, with no input in hand: before the first event, behind the last, or at one that is no input.
        case inTick(channel: String, number: UInt64)
        case atInput(Input, channel: String, tick: UInt64)
    }

    package let epoch: Epoch
    package let place: Place
    /// The last ticks that had events, oldest first.
    package let ticks: [Tick]

    /// Nil if the bytes are no record, or one that was not made to the end.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= TickRing.byteCount else { return nil }
        let read = bytes.withUnsafeBytes { Self.read($0) }
        guard let read else { return nil }
        (epoch, place, ticks) = read
    }

    private static func read(_ raw: UnsafeRawBufferPointer) -> (Epoch, Place, [Tick])? {
        func u64(_ offset: Int) -> UInt64 { raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        func u32(_ offset: Int) -> UInt32 { raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        guard u64(0) == TickRing.magic else { return nil }
        let half = Int(u32(TickRing.Offset.half) & 1)
        var ticks: [Tick] = []
        for place in [1 - half, half] where u64(TickRing.Offset.filling + place * 8) > 0 {
            let start = TickRing.headerByteCount + place * TickRing.halfByteCount
            let used = min(Int(clamping: u64(TickRing.Offset.used + place * 8)), TickRing.halfByteCount)
            walk(UnsafeRawBufferPointer(rebasing: raw[start..<start + used]), &ticks)
        }
        let epoch = Epoch(rawValue: u64(TickRing.Offset.epoch))
        let channelCount = min(Int(clamping: u64(TickRing.Offset.channelCount)), ChannelID.byteLimit)
        let channel = String(
            decoding: raw[TickRing.Offset.channel..<TickRing.Offset.channel + channelCount], as: UTF8.self)
        let number = u64(TickRing.Offset.tick)
        let place: Place =
            switch TickRing.Activity(rawValue: u32(TickRing.Offset.activity)) {
            case .idle, nil: .idle
            case .stepping, .atOtherEvent: .inTick(channel: channel, number: number)
            case .atInput:
                ticks.last?.inputs.last.map { .atInput($0, channel: channel, tick: number) }
                    ?? .inTick(channel: channel, number: number)
            }
        return (epoch, place, ticks.filter { !$0.inputs.isEmpty })
    }

    /// Reads entries until one is not whole. What stands before the first tick belongs to one that was overwritten.
    private static func walk(_ bytes: UnsafeRawBufferPointer, _ ticks: inout [Tick]) {
        var at = 0
        while at + TickRing.entryHeaderByteCount <= bytes.count {
            let count = Int(bytes.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self))
            let start = at + TickRing.entryHeaderByteCount
            guard start + count <= bytes.count,
                let kind = TickRing.Kind(rawValue: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            else { return }
            let number = bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            let session = SessionID(
                high: bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self),
                low: bytes.loadUnaligned(fromByteOffset: at + 24, as: UInt64.self))
            let body = bytes[start..<start + count]
            switch kind {
            case .tick:
                ticks.append(Tick(channel: String(decoding: body, as: UTF8.self), number: number, inputs: []))
            case .input:
                if ticks.isEmpty { ticks.append(Tick(channel: "", number: 0, inputs: [])) }
                ticks[ticks.count - 1].inputs.append(Input(session: session, number: number, bytes: Array(body)))
            case .otherEvent: break
            }
            at = start + (count + 7) & ~7
        }
    }
}
