/// What nearly all messages of clients are, where it was read and masked as it came: binary, in one frame of at most 125 bytes.
///
/// Its bytes are looked at one by one, copied elsewhere unmasked on the way, or unmasked where they lie. Good for as long as
/// the read's memory; nothing before or behind the message is ever touched.
package struct MaskedMessage {
    private static let headByteCount = 6
    /// A payload of more than this has its length in further bytes.
    static let payloadLimit = 125

    private let payload: UnsafeMutableRawPointer
    /// The key as the payload meets it, twice: byte *i* of the payload is combined with byte *i mod 8* of this, lowest first.
    private let mask: UInt64
    /// Of the payload.
    package let byteCount: Int

    /// With its head.
    var wholeByteCount: Int { byteCount &+ Self.headByteCount }

    /// The message at `offset`; nil if it is something else or not all there.
    @inline(__always)
    init?(in bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        guard let base = bytes.baseAddress, bytes.count &- offset >= Self.headByteCount else { return nil }
        let place = base + offset
        let count = place.load(fromByteOffset: 1, as: UInt8.self) ^ 0x80
        guard place.load(as: UInt8.self) == 0x80 | WebSocketOpcode.binary.rawValue, count <= Self.payloadLimit,
            bytes.count &- offset &- Self.headByteCount >= Int(count)
        else { return nil }
        let key = UInt64(UInt32(littleEndian: place.loadUnaligned(fromByteOffset: 2, as: UInt32.self)))
        payload = place + Self.headByteCount
        mask = key &<< 32 | key
        byteCount = Int(count)
    }

    /// Two bytes of the payload as they lie, the lowest first; they are there.
    @inline(__always) func half(at offset: Int) -> UInt16 {
        UInt16(littleEndian: payload.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
            ^ UInt16(truncatingIfNeeded: turned(offset))
    }

    /// Eight bytes of the payload as they lie, the lowest first; they are there.
    @inline(__always) func word(at offset: Int) -> UInt64 {
        UInt64(littleEndian: payload.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) ^ turned(offset)
    }

    /// Copies the payload from `start` on, which is within it.
    @inline(__always) package func copy(from start: Int, to memory: UnsafeMutableRawPointer) {
        let count = byteCount &- start
        let last = count &- 16
        guard last >= 0 else { return copyFew(start, count, memory) }
        let mask = SIMD2<UInt64>(repeating: turned(start).littleEndian)
        var offset = 0
        while offset < last {
            let value = payload.loadUnaligned(fromByteOffset: start &+ offset, as: SIMD2<UInt64>.self)
            memory.storeBytes(of: value ^ mask, toByteOffset: offset, as: SIMD2<UInt64>.self)
            offset &+= 16
        }
        // The last sixteen, of which some may be there already.
        let value = payload.loadUnaligned(fromByteOffset: start &+ last, as: SIMD2<UInt64>.self)
        let lastMask = SIMD2<UInt64>(repeating: turned(start &+ last).littleEndian)
        memory.storeBytes(of: value ^ lastMask, toByteOffset: last, as: SIMD2<UInt64>.self)
    }

    /// The payload, unmasked where it lies. Once.
    func unmasked() -> UnsafeRawBufferPointer {
        let bytes = UnsafeMutableRawBufferPointer(start: payload, count: byteCount)
        WebSocketMask.apply(UInt32(truncatingIfNeeded: mask).littleEndian, to: bytes)
        return UnsafeRawBufferPointer(bytes)
    }

    private func copyFew(_ start: Int, _ count: Int, _ memory: UnsafeMutableRawPointer) {
        if count >= 8 {
            memory.storeBytes(of: word(at: start).littleEndian, as: UInt64.self)
            let last = count &- 8
            memory.storeBytes(of: word(at: start &+ last).littleEndian, toByteOffset: last, as: UInt64.self)
            return
        }
        for offset in 0..<count {
            let byte = payload.load(fromByteOffset: start &+ offset, as: UInt8.self)
            let key = UInt8(truncatingIfNeeded: turned(start &+ offset))
            memory.storeBytes(of: byte ^ key, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// The mask as byte `offset` of the payload meets it.
    @inline(__always) private func turned(_ offset: Int) -> UInt64 {
        let shift = UInt64(truncatingIfNeeded: offset &* 8) & 31
        return mask &>> shift | mask &<< ((64 &- shift) & 63)
    }
}
